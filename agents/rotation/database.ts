/** Rotates the database's credentials: each step writes a state that is safe by itself, and is verified by logging in before the next one begins. */
import { CREDENTIAL_USES, type Login } from '../../lib/services/rotation/roles';
import { loginsInUse, prepare, retire, settle, switchOver, type Credentials, type Logins, type Phase } from '../../lib/services/rotation/credentials';
import { knock, memberDoor, poolerDoor, replicationDoor, streamsOf, type Door } from './logins';
import { journal, type Timing } from './journal';
import { clientsOf, locatedEverywhere } from './pods';
import { awaitNone, RotationError, type Access, type World } from './ports';
import { authority, load, requireOneDatabase, save, spread, type Kept } from './secrets';

export interface DatabaseRotation {
  readonly compromised: boolean;
  readonly resume: boolean;
  /** How long the old login may still be in use before a planned rotation gives up waiting. */
  readonly graceSeconds: number;
}

/** A Secret is in every pod within seconds, or, if a kubelet misses the hint, with its next look at the pod (at most two minutes). */
const SPREAD_SECONDS = 150;

const accessOf = ({ access }: World): Access => access ?? { knock, streamsOf, clientsOf };

export const rotateDatabase = async (world: World, options: DatabaseRotation): Promise<readonly Timing[]> => {
  const { timings, done } = journal(world);
  let kept = await begin(world, options);
  const verify = async (step: string, work: () => Promise<void>): Promise<void> => {
    await work();
    done(step);
  };
  const write = async (step: string, change: () => Credentials): Promise<void> => {
    kept = await save(world, kept, change());
    done(step);
  };
  const phase = (): Phase | undefined => kept.credentials.pending?.phase;
  if (phase() === 'prepared') {
    await verify('both logins are good, at every pooler and every member', () => verifyBoth(world, kept.credentials));
    await write('the new logins are in use', () => switchOver(kept.credentials, world.region));
  }
  if (phase() === 'switched') {
    await verify('members replicate with the new login', () => verifySwitched(world, kept.credentials));
    const { copyOut } = world;
    if (copyOut !== undefined) await verify('AWS Secrets Manager has the new logins', () => copyOut('database', loginsInUse(kept.credentials)));
    if (kept.credentials.pending?.compromised !== true)
      await verify('nobody uses the old login', () => awaitUnused(world, kept.credentials, options.graceSeconds));
    await write('the old logins are withdrawn', () => retire(kept.credentials, world.region));
  }
  await verify('the old logins are refused everywhere', () => verifyRefused(world, kept.credentials));
  await write('the old passwords are forgotten', () => settle(kept.credentials, world.region, new Date(world.now()).toISOString()));
  return timings;
};

/** @throws RotationError when a rotation is pending and it was not asked to be resumed, or the reverse */
const begin = async (world: World, { compromised, resume }: DatabaseRotation): Promise<Kept> => {
  const kept = await load(world);
  const { pending } = kept.credentials;
  if (pending !== null) {
    if (!resume)
      throw new RotationError(
        `a rotation that began ${pending.startedAt} was interrupted (${pending.phase}); no login is lost. Go on with --resume${compromised ? ' --compromised, then rotate again' : ''}`,
      );
    world.progress(`going on with the rotation that began ${pending.startedAt} (${pending.phase})`);
    // By force now, although it began as planned.
    const escalated = compromised && !pending.compromised;
    if (escalated) return save(world, kept, { ...kept.credentials, pending: { ...pending, compromised } });
    await spread(world, kept.credentials);
    return kept;
  }
  if (resume) throw new RotationError('there is no interrupted rotation of the database to resume; leave --resume out to begin one');
  await requireOneDatabase(world, kept);
  const startedAt = new Date(world.now()).toISOString();
  const prepared = await save(world, kept, prepare(kept.credentials, world.region, { id: startedAt, compromised, startedAt }));
  world.progress('new logins made');
  return prepared;
};

interface Doors {
  readonly application: readonly Door[];
  readonly replication: readonly Door[];
  readonly rewind: readonly Door[];
}

const doors = async (world: World): Promise<Doors> => {
  const [poolers, members] = await Promise.all([locatedEverywhere(world, 'pgbouncer'), locatedEverywhere(world, 'postgres')]);
  const { database } = world.region.postgres;
  return {
    application: [...poolers.map((p) => poolerDoor(p.name, p.address, database)), ...members.map((m) => memberDoor(m.name, m.address, database))],
    replication: members.map((m) => replicationDoor(m.name, m.address)),
    rewind: members.map((m) => memberDoor(m.name, m.address, 'postgres')),
  };
};

const describe = (door: Door, login: Login): string => `${door.name} as ${login.user}`;

/** What is not as wanted: every login at every door it is for. */
const complaints = async (world: World, logins: Logins, wanted: 'let in' | 'refused'): Promise<readonly string[]> => {
  const [all, ca] = await Promise.all([doors(world), authority(world)]);
  const attempts = CREDENTIAL_USES.flatMap((use) => all[use].map((door) => ({ door, login: logins[use] })));
  const found = await Promise.all(
    attempts.map(async ({ door, login }) => {
      const attempt = await accessOf(world).knock(door, login, ca);
      if (attempt.kind === wanted) return undefined;
      return `${describe(door, login)}: ${attempt.kind}${attempt.kind === 'let in' ? '' : ` (${attempt.because})`}`;
    }),
  );
  return found.filter((complaint) => complaint !== undefined);
};

const others = ({ other }: Credentials): Logins => {
  if (other === null) throw new Error('a pending rotation has two logins for each purpose, and there is one');
  return other;
};

const verifyBoth = (world: World, credentials: Credentials): Promise<void> =>
  awaitNone(world, 'both logins are good', SPREAD_SECONDS, async () => [
    ...(await complaints(world, others(credentials), 'let in')),
    ...(await complaints(world, credentials.active, 'let in')),
  ]);

/** Every stream runs under the new login; how many there should be is the members' number, of all regions, less the primary: a standby region's leader streams too. */
const verifySwitched = (world: World, credentials: Credentials): Promise<void> =>
  awaitNone(world, 'members replicate with the new login', SPREAD_SECONDS, async () => {
    const [members, ca] = await Promise.all([locatedEverywhere(world, 'postgres'), authority(world)]);
    const { active } = credentials;
    const streams = (
      await Promise.all(members.map((m) => accessOf(world).streamsOf(m.address, world.region.postgres.database, active.application, ca)))
    ).flat();
    const old = streams.filter((s) => s.role !== active.replication.user);
    const missing = members.length - 1 - streams.length;
    return [
      ...old.map((s) => `${s.member} still replicates as ${s.role}`),
      ...(missing > 0 ? [`${missing} member${missing === 1 ? '' : 's'} do not replicate`] : []),
    ];
  });

/** @throws RotationError when it is still in use after the grace period: the rotation stays as it is, and nobody is cut off */
const awaitUnused = (world: World, credentials: Credentials, graceSeconds: number): Promise<void> => {
  const { user } = others(credentials).application;
  const since = world.now();
  return awaitNone(world, `nobody uses the login ${user} any more (end it by force with --resume --compromised)`, graceSeconds, async () => {
    const poolers = await locatedEverywhere(world, 'pgbouncer');
    const found = await Promise.all(
      poolers.map(async (pooler) => {
        try {
          const { ageSeconds, byUser } = await accessOf(world).clientsOf(pooler);
          // Counted before the clients were told: says nothing yet.
          if (world.now() - ageSeconds * 1000 < since) return `${pooler.name} has not counted yet`;
          const clients = byUser[user] ?? 0;
          return clients === 0 ? undefined : `${clients} client${clients === 1 ? '' : 's'} at ${pooler.name}`;
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      }),
    );
    return found.filter((complaint) => complaint !== undefined);
  });
};

const verifyRefused = (world: World, credentials: Credentials): Promise<void> =>
  awaitNone(world, 'the old logins are refused everywhere', SPREAD_SECONDS, () => complaints(world, others(credentials), 'refused'));
