/** Carries a plan out, step by step, through ports. Interrupted anywhere, the same command finds what is left: no step relies on having begun it. */
import type { StandbyCluster } from '../topology/regions';
import { fenceOf, furthest, isLeading, isStandby, isWritable, leaderOf, type MemberSight, type RegionSight, writablePrimary } from './region-observation';
import type { RegionStep } from './region-plan';
import { drainPatch, followPatch, preparePatch, promotePatch } from './region-role';

export interface RegionPorts {
  /** @param patienceSeconds a member that has not answered by then counts as silent; by default as long as a busy one may need */
  readonly observe: (region: string, patienceSeconds?: number) => Promise<RegionSight>;
  /** One member alone, which costs a busy region a tenth of the whole look; undefined: it does not answer. */
  readonly observeMember: (region: string, member: MemberSight) => Promise<MemberSight | undefined>;
  /** Changes the dynamic configuration of a region's Patroni, through its leader where there is one. @throws Error when it is refused, or nobody answers */
  readonly change: (region: string, patch: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly standbyCluster: (region: string, primary: string) => StandbyCluster;
  /** Of the model, seconds. */
  readonly primaryStartTimeout: (region: string) => number;
  /** Nothing listens on the member's PostgreSQL port any more. */
  readonly refusesConnections: (member: MemberSight) => Promise<boolean>;
  readonly isolate: (region: string) => Promise<void>;
  /** Throws the member's data away and has it copied anew. */
  readonly rebuild: (region: string, member: MemberSight) => Promise<void>;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly report: (line: string) => void;
}

/** A step could not be done; what was done before stays, and the command can be given again. */
export class StepError extends Error {
  override readonly name = 'StepError';
}

export const PATIENCE_SECONDS = { prepare: 60, drain: 30, fence: 30, promote: 30, members: 120, standby: 300 } as const;
/** A member whose log position has not moved for so long is stuck, and built anew. */
export const STUCK_SECONDS = 20;
/** One whose PostgreSQL does not run is most likely being rewound or copied, over the link: that takes longer, and must not be begun again. */
export const STUCK_STOPPED_SECONDS = 90;
/** Each question costs a member a TLS handshake, in the very process that promotes or demotes: asked more often, it becomes slower, not sooner known. */
const POLL_SECONDS = 0.08;
const SLOW_POLL_SECONDS = 0.5;
/** A member whose PostgreSQL has just ended answers late, and nothing that is asked then depends on its word. */
const ENDED_PATIENCE_SECONDS = 0.4;

const until = async (ports: RegionPorts, what: string, patience: number, pause: number, look: () => Promise<boolean>): Promise<void> => {
  const deadline = ports.now() + patience;
  while (!(await look())) {
    if (ports.now() > deadline) throw new StepError(`${what}: not within ${patience} s; nothing is undone, give the command again`);
    await ports.sleep(pause);
  }
};

export const carryOut = async (ports: RegionPorts, step: RegionStep): Promise<void> => {
  switch (step.kind) {
    case 'drain':
      return ports.change(step.region, drainPatch(true));
    case 'prepare':
      return prepare(ports, step);
    case 'demote':
      return demote(ports, step);
    case 'isolate':
      return ports.isolate(step.region);
    case 'confirm-fence':
      return until(
        ports,
        `evidence that ${step.region} takes no writes`,
        PATIENCE_SECONDS.fence,
        SLOW_POLL_SECONDS,
        async () => fenceOf(await ports.observe(step.region)) !== undefined,
      );
    case 'await-everything':
      return awaitEverything(ports, step.region, step.target);
    case 'promote':
      return ports.change(step.region, promotePatch({ epoch: step.epoch, primary: step.region }, ports.primaryStartTimeout(step.region)));
    case 'await-primary':
      return awaitPrimary(ports, step.region);
    case 'await-members':
      return until(
        ports,
        `an answer of ${step.region}`,
        PATIENCE_SECONDS.members,
        SLOW_POLL_SECONDS,
        async () => (await ports.observe(step.region)).role !== undefined,
      );
    case 'await-standby':
      return awaitStandby(ports, step.region, step.primary);
  }
};

/** The leader by its own word, asked alone; the whole region is looked at when that word is missing, or another one may lead by now. */
class LeaderWatch {
  private last: MemberSight | undefined;
  private lookedAt = -Infinity;

  constructor(
    private readonly ports: RegionPorts,
    private readonly region: string,
  ) {}

  async sight(): Promise<MemberSight | undefined> {
    const { ports, region } = this;
    const alone = this.last === undefined || ports.now() - this.lookedAt > SLOW_POLL_SECONDS ? undefined : await ports.observeMember(region, this.last);
    if (alone !== undefined && isLeading(alone)) return (this.last = alone);
    this.lookedAt = ports.now();
    return (this.last = leaderOf(await ports.observe(region)));
  }
}

/** Patroni waits for a second after each reload, and hears of nothing else meanwhile (patroni/postgresql/config.py, 4.1); and a little, for the reload itself. */
const RELOAD_SECONDS = 1.5;
/** So much log the primary's heartbeat writes when it has prepared (images/patroni/bin/holdfast-heartbeat). Bytes. */
export const MARK_BYTES = 1024 * 1024;

/**
 * A primary that ends writes a checkpoint, which takes the longer the more has changed since the last one: here it is written beforehand. The mark that follows it
 * says that this is done, and opens the link's congestion window for the segment that a primary with an archive fills up when it ends. Clients that write as much
 * themselves meanwhile make the wait end early. Not done in time, the change goes on, and takes longer.
 */
const prepare = async (ports: RegionPorts, { region, target }: Extract<RegionStep, { kind: 'prepare' }>): Promise<void> => {
  const primary = writablePrimary(await ports.observe(region));
  if (primary?.written === undefined) throw new StepError(`${region} has no primary that says how far it has written`);
  const mark = primary.written + MARK_BYTES;
  await ports.change(region, preparePatch(new Date(ports.now() * 1000).toISOString()));
  const began = ports.now();
  const deadline = began + PATIENCE_SECONDS.prepare;
  while (((await ports.observeMember(region, primary))?.written ?? -1) < mark) {
    if (ports.now() > deadline) {
      ports.report(`${primary.name} has not written a checkpoint within ${PATIENCE_SECONDS.prepare} s: clients will wait longer than planned`);
      return;
    }
    await ports.sleep(POLL_SECONDS);
  }
  await awaitPosition(ports, `${target} to replay what ${region} has written`, target, mark);
  await ports.sleep(Math.max(0, began + RELOAD_SECONDS - ports.now()));
};

const awaitPosition = (ports: RegionPorts, what: string, target: string, position: number): Promise<void> => {
  const leader = new LeaderWatch(ports, target);
  return until(ports, what, PATIENCE_SECONDS.drain, POLL_SECONDS, async () => ((await leader.sight())?.replayed ?? -1) >= position);
};

const awaitPrimary = (ports: RegionPorts, region: string): Promise<void> => {
  const leader = new LeaderWatch(ports, region);
  return until(ports, `a primary in ${region}`, PATIENCE_SECONDS.promote, POLL_SECONDS, async () => {
    const sight = await leader.sight();
    return sight !== undefined && isWritable(sight);
  });
};

/** The fence of a planned change: Patroni ends the primary, which sends its log to the last byte before it goes. */
const demote = async (ports: RegionPorts, { region, target, epoch }: Extract<RegionStep, { kind: 'demote' }>): Promise<void> => {
  const primary = writablePrimary(await ports.observe(region));
  await ports.change(region, followPatch({ epoch, primary: target, standbyCluster: ports.standbyCluster(region, target) }));
  let askedAt = ports.now();
  await until(ports, `the primary of ${region} to end`, PATIENCE_SECONDS.fence, POLL_SECONDS, async () => {
    if (primary !== undefined && !(await ports.refusesConnections(primary))) {
      // It may have come back as a standby already, and listen again.
      if (ports.now() - askedAt < SLOW_POLL_SECONDS) return false;
      askedAt = ports.now();
      const again = await ports.observeMember(region, primary);
      if (again === undefined || !isStandby(again)) return false;
    }
    return writablePrimary(await ports.observe(region, primary === undefined ? undefined : ENDED_PATIENCE_SECONDS)) === undefined;
  });
};

/**
 * A primary that ends in order sends its log to every standby first, so all members but the one that ended know how far it went: that many have to answer. One
 * that is silent may be the only one that has the last commits.
 */
const endOf = async (ports: RegionPorts, source: string): Promise<number> => {
  let end: number | undefined;
  let patience: number | undefined = ENDED_PATIENCE_SECONDS;
  await until(ports, `all members of ${source} but one to say how far they have the log`, PATIENCE_SECONDS.drain, POLL_SECONDS, async () => {
    const sight = await ports.observe(source, patience);
    patience = undefined;
    if (writablePrimary(sight) !== undefined) throw new StepError(`${source} takes writes: fence it first`);
    if (sight.members.filter((m) => m.received !== undefined || m.written !== undefined).length < sight.expectedMembers - 1) return false;
    end = furthest(sight);
    return true;
  });
  if (end === undefined) throw new StepError(`how far ${source} has written is not known; fence it first`);
  return end;
};

const awaitEverything = async (ports: RegionPorts, source: string, target: string): Promise<void> => {
  const end = await endOf(ports, source);
  await awaitPosition(ports, `${target} to receive everything that ${source} has written (to give up the change: promote ${source})`, target, end);
};

interface Watched {
  readonly signature: string;
  readonly since: number;
}

/** Whole again: every member streams on the primary's timeline and has what the primary had written when this began. Positions count, not reported lags. */
const awaitStandby = async (ports: RegionPorts, region: string, primary: string): Promise<void> => {
  const watched = new Map<string, Watched>();
  const rebuilt = new Set<string>();
  const told = new Set<string>();
  let goal: number | undefined;
  await until(ports, `${region} to follow ${primary}`, PATIENCE_SECONDS.standby, SLOW_POLL_SECONDS, async () => {
    const [leader, sight] = [writablePrimary(await ports.observe(primary)), await ports.observe(region)];
    if (leader?.written === undefined || leader.timeline === undefined) return false;
    goal ??= leader.written;
    const { timeline } = leader;
    const whole = sight.members.filter((m) => m.state === 'streaming' && m.timeline === timeline && (m.replayed ?? -1) >= (goal ?? Infinity));
    if (whole.length >= sight.expectedMembers && leaderOf(sight)?.role === 'standby_leader') return true;
    const late = sight.members.filter((m) => !whole.includes(m) && isStuck(ports, watched, m));
    // The standby leader first: the others stream from it.
    const stuck = late.find((m) => m.role === 'standby_leader') ?? late[0];
    if (stuck !== undefined && !rebuilt.has(stuck.name)) await rebuild(ports, region, stuck, { rebuilt, told });
    return false;
  });
};

interface Rebuilding {
  /** Members that are being built anew. */
  readonly rebuilt: Set<string>;
  /** It is tried twice a second, and told once. */
  readonly told: Set<string>;
}

/** Refused (nobody leads just now, or it has been begun): tried again while there is patience. */
const rebuild = async (ports: RegionPorts, region: string, member: MemberSight, { rebuilt, told }: Rebuilding): Promise<void> => {
  const tell = (line: string): void => {
    if (!told.has(line)) ports.report(line);
    told.add(line);
  };
  tell(`${member.name} has not moved for ${patienceWith(member)} s: building it anew`);
  try {
    await ports.rebuild(region, member);
    rebuilt.add(member.name);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
  }
};

const patienceWith = ({ state }: MemberSight): number =>
  ['streaming', 'running', 'in archive recovery'].includes(state) ? STUCK_SECONDS : STUCK_STOPPED_SECONDS;

const isStuck = (ports: RegionPorts, watched: Map<string, Watched>, member: MemberSight): boolean => {
  const signature = [member.state, member.role, member.timeline, member.received, member.replayed].join(' ');
  const before = watched.get(member.name);
  if (before?.signature === signature) return ports.now() - before.since > patienceWith(member);
  watched.set(member.name, { signature, since: ports.now() });
  return false;
};
