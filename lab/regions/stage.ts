/** What every drill of regions has at hand: both regions, clients in each, and an observer that belongs to neither. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type History, type HistoryEvent } from '../../lib/drill/events';
import { parseHistory } from '../../lib/drill/history';
import { carryOut, StepError } from '../../lib/failover/carry-out';
import { lagOf, leaderOf, primaryOf, type RegionSight, writablePrimary } from '../../lib/failover/region-observation';
import type { RegionPlan } from '../../lib/failover/region-plan';
import { postgresMemberNames, NAMESPACE } from '../../lib/topology/derive';
import { cleanUp } from '../drill/clean-up';
import { checkIntegrity, finalRows, prepareTables } from '../drill/data';
import { completeLines, startMeters, type Meters, type Pace } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { arm } from '../faults/dead-man';
import { kubernetesApi } from '../kubernetes/api';
import { now } from '../meter/clock';
import { labRegions, type LabSettings } from '../settings';
import { openRegions, type LabRegions } from './ports';

const LOOK_EVERY = 0.8;
/** Two regions share the machine: less often than in one, or the meters would be what is measured. */
const PACE: Pace = { write: 0.06, probe: 0.1 };
const STEADY_SECONDS = 180;
const SERVED_WITHIN = 30;
/** A source that is this close behind is as good as level: the next heartbeat is on its way. */
const LEVEL_BYTES = 1_048_576;

export interface RegionStage {
  readonly context: ProcedureContext;
  readonly regions: LabRegions;
  /** The primary region when the drill began, and the other one. */
  readonly source: LabSettings;
  readonly target: LabSettings;
  readonly clients: { readonly source: readonly string[]; readonly target: readonly string[] };
  readonly events: HistoryEvent[];
  readonly memberByAddress: Map<string, string>;
  readonly meters: readonly Meters[];
  readonly dead: string[];
  readonly stopObserver: () => Promise<void>;
}

export const mark = ({ events }: RegionStage, name: string, detail?: string): number => {
  const t = now();
  events.push({ t, kind: 'mark', name, ...(detail === undefined ? {} : { detail }) });
  return t;
};

/** One primary region with a running primary, the other one whole and level behind it. */
const complaint = (sights: readonly RegionSight[]): string | undefined => {
  const primary = primaryOf(sights);
  if (primary === undefined) return 'no region says that it is primary';
  if (writablePrimary(primary) === undefined) return `${primary.name} has no running primary`;
  const bad = sights.flatMap((sight) => {
    const leader = leaderOf(sight);
    const streaming = sight.members.filter((m) => m === writablePrimary(primary) || m.state === 'streaming').length;
    if (leader === undefined) return [`${sight.name} has no leader`];
    if (streaming < sight.expectedMembers) return [`${streaming} of ${sight.expectedMembers} members of ${sight.name} stream`];
    if (new Set(sights.flatMap((s) => s.members.map((m) => m.timeline))).size > 1) return ['not all members are on one timeline'];
    const { bytes } = sight === primary ? { bytes: 0 } : lagOf(sight, primary);
    return bytes === null || bytes > LEVEL_BYTES ? [`${sight.name} is ${bytes ?? 'an unknown number of'} bytes behind`] : [];
  });
  return bad.length === 0 ? undefined : [...new Set(bad)].join('; ');
};

/** @returns the seconds since `since` when both regions are whole; null when they are not within `seconds` */
export const awaitWhole = async ({ regions, context }: Pick<RegionStage, 'regions' | 'context'>, since: number, seconds: number): Promise<number | null> => {
  let told = '';
  while (now() - since <= seconds) {
    context.signal.throwIfAborted();
    const why = complaint(await regions.observeAll());
    if (why === undefined) return now() - since;
    if (why !== told) context.progress(`waiting: ${why}`);
    told = why;
    await sleep(0.3);
  }
  return null;
};

export const openStage = async (context: ProcedureContext): Promise<RegionStage> => {
  const { lab, directory, credentials, progress } = context;
  const regions = await openRegions(lab, progress);
  try {
    if ((await awaitWhole({ regions, context }, now(), STEADY_SECONDS)) === null)
      throw new NotSteadyError('the regions are not whole: see `holdfast region status`');
    const sights = await regions.observeAll();
    const primary = primaryOf(sights);
    const [source, target] = [...labRegions(lab)].sort((a, b) => Number(b.region.name === primary?.name) - Number(a.region.name === primary?.name));
    const leader = primary && writablePrimary(primary)?.name;
    if (source === undefined || target === undefined || leader === undefined) throw new NotSteadyError('no primary region');
    await prepareTables(source, leader);
    const writers = { source: source.nodes.slice(0, 2), target: target.nodes.slice(0, 1) };
    const meters = await Promise.all(
      (['source', 'target'] as const).map(async (which) => {
        const region = which === 'source' ? source : target;
        return startMeters(region, credentials, await poolerAddress(region), directory, writers[which], PACE);
      }),
    );
    const events: HistoryEvent[] = [];
    const memberByAddress = new Map<string, string>();
    const clients = { source: writers.source.map((n) => n.zone), target: writers.target.map((n) => n.zone) };
    const stopObserver = watch(regions, events, memberByAddress);
    const stage: RegionStage = { context, regions, source, target, clients, events, memberByAddress, meters, dead: [], stopObserver };
    await arm(lab, context.deadMan, context.drill.longestFaultSeconds);
    return stage;
  } catch (error) {
    regions.close();
    throw error;
  }
};

const poolerAddress = async (region: LabSettings): Promise<string> => {
  const api = kubernetesApi(region);
  try {
    return (await api.get<{ spec: { clusterIP: string } }>(`/api/v1/namespaces/${NAMESPACE}/services/pgbouncer`)).spec.clusterIP;
  } finally {
    api.close();
  }
};

/** Who is primary over both regions, and what every member says of itself. */
const watch = (regions: LabRegions, events: HistoryEvent[], memberByAddress: Map<string, string>): (() => Promise<void>) => {
  let stopping = false;
  const look = async (): Promise<void> => {
    const sights = await regions.observeAll();
    const primary = primaryOf(sights);
    const t = now();
    for (const { name, address, role, state, timeline } of sights.flatMap((s) => s.members)) {
      memberByAddress.set(address, name);
      events.push({ t, kind: 'role', member: name, state, role, timeline: timeline ?? null });
    }
    events.push({ t, kind: 'leader', member: (primary && writablePrimary(primary)?.name) ?? null });
  };
  const loop = async (): Promise<void> => {
    while (!stopping) {
      await look().catch((error: unknown) => process.stderr.write(`observer: ${String(error)}\n`));
      await sleep(LOOK_EVERY);
    }
  };
  const running = loop();
  return async () => {
    stopping = true;
    await running;
  };
};

/** Clients that got an acknowledgement after `since`, a moment ago. */
const servedSince = (stage: RegionStage, clients: readonly string[], since: number): boolean =>
  clients.every((client) => {
    const acks = stage.meters.map((m) => m.lastAcks.get(client)?.t ?? 0);
    return Math.max(...acks) > Math.max(since, now() - 1);
  });

export const awaitServed = async (stage: RegionStage, clients: readonly string[], since: number, seconds = SERVED_WITHIN): Promise<number | null> => {
  const deadline = now() + seconds;
  while (!servedSince(stage, clients, since)) {
    if (now() > deadline) return null;
    await pause(stage, 0.02);
  }
  return now() - since;
};

export const reachSteadyState = async (stage: RegionStage): Promise<void> => {
  const everybody = [...stage.clients.source, ...stage.clients.target];
  if ((await awaitServed(stage, everybody, now())) === null) throw new NotSteadyError('not every client is served');
  await pause(stage, 1);
  mark(stage, 'steady');
  stage.context.progress('steady: every client is served, in both regions');
  await pause(stage, 3 + (stage.context.seed % 10) / 5);
};

export const pause = async ({ context }: RegionStage, seconds: number): Promise<void> => {
  for (const end = now() + seconds; now() < end;) {
    context.signal.throwIfAborted();
    await sleep(Math.min(0.1, Math.max(0.001, end - now())));
  }
};

/** Plans and does; a refusal is an error here. `onStep`: before each step. */
export const perform = async (stage: RegionStage, plan: RegionPlan, onStep: (kind: string) => void = () => undefined): Promise<void> => {
  if (plan.kind === 'refused') throw new StepError(plan.because);
  for (const step of plan.steps) {
    stage.context.progress(`step: ${step.kind} ${step.region}`);
    onStep(step.kind);
    await carryOut(stage.regions.ports, step);
  }
};

/** Whatever happens: faults are healed, meters and observer stopped. */
export const closeStage = async (stage: RegionStage): Promise<void> => {
  const { lab, progress } = stage.context;
  stage.dead.push(...stage.meters.flatMap((m) => m.dead()));
  await cleanUp(lab, progress, false, [...stage.meters.map((m) => m.stop()), stage.stopObserver()]);
};

const KNOWN = /"kind":"(write|read|local-commit)"/;

/** Everything that was seen, with what is left in the tables and whether it is sound. Call after `closeStage`. */
export const collect = async (stage: RegionStage): Promise<History> => {
  const files = stage.meters.flatMap((m) => m.files);
  const lines = (await Promise.all(files.map(completeLines))).flat().filter((line) => KNOWN.test(line));
  const named = lines.map((line) => line.replace(/"address":"([^"]+)"/, (_, address: string) => `"node":"${stage.memberByAddress.get(address) ?? address}"`));
  const sights = await until('a primary', 20, async () => {
    const seen = await stage.regions.observeAll();
    return primaryOf(seen) === undefined ? undefined : seen;
  });
  const primary = primaryOf(sights);
  const leader = primary && writablePrimary(primary)?.name;
  const region = [stage.source, stage.target].find((r) => r.region.name === primary?.name);
  const clients = [...stage.clients.source, ...stage.clients.target];
  const after =
    leader === undefined || region === undefined
      ? []
      : [
          ...(await finalRows(region, leader, clients)),
          ...(await Promise.all([stage.source, stage.target].map((r) => checkIntegrity(r, postgresMemberNames(r.region))))).flat(),
        ];
  const history = historyOf([...parseHistory(named).events, ...stage.events, ...after]);
  await writeFile(join(stage.context.directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
  return history;
};
