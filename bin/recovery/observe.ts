/** Looks at a region, through Kubernetes alone: its objects, and two questions asked inside a database pod. */
import { databaseFrom, machinesFrom, workloadsFrom, type Power } from '../../lib/operations/recovery/from-kubernetes';
import type { DatabaseSeen, PodSeen, RegionSeen } from '../../lib/operations/recovery/observation';
import { readyPods } from '../../lib/operations/recovery/state';
import type { Tier } from '../../lib/operations/recovery/tiers';
import { PATRONI_PORT, postgresMemberCount } from '../../lib/topology/derive';
import type { Region } from '../../lib/topology/types';
import { ControlPlaneDown, type Cluster } from './cluster';

export interface Looking {
  readonly cluster: Cluster;
  readonly tiers: readonly Tier[];
  readonly power: (machine: string) => Promise<Power | null>;
  readonly silentMeansOff: boolean;
  readonly region: Region;
}

const DATABASE_CONTAINER = 'postgres';

/** The member's own REST API, from its own loopback address: there is nobody to be deceived by. */
const ASK_PATRONI = [
  'python3',
  '-c',
  `import ssl,urllib.request as u;c=ssl.create_default_context();c.check_hostname=False;c.verify_mode=ssl.CERT_NONE
print(u.urlopen("https://127.0.0.1:${PATRONI_PORT}/cluster",timeout=3,context=c).read().decode())`,
];

/** A sample transaction: written to the log, acknowledged by a synchronous standby like any other, and leaving nothing behind. */
const COMMIT = "SELECT pg_logical_emit_message(true, 'holdfast', 'recover')";
const sampleTransaction = (database: string): readonly string[] => [
  'sh',
  '-c',
  'PGOPTIONS="-c statement_timeout=3000" exec psql -h /run/postgresql -U postgres -d "$0" -v ON_ERROR_STOP=1 -qAtc "$1"',
  database,
  COMMIT,
];

const commits = async ({ cluster, region }: Looking, leader: PodSeen | undefined): Promise<boolean | null> => {
  if (leader === undefined) return null;
  try {
    await cluster.exec(leader, DATABASE_CONTAINER, sampleTransaction(region.postgres.database));
    return true;
  } catch (error) {
    if (error instanceof ControlPlaneDown) throw error;
    return false; // refused, or not acknowledged in time: either way it does not commit
  }
};

/** Before a standby is synchronous, a strict primary would only let the transaction wait. */
const canCommit = (region: Region, { leaders, synchronous }: Pick<DatabaseSeen, 'leaders' | 'synchronous'>): boolean =>
  leaders.length === 1 && (region.postgres.synchronousMode !== 'strict' || postgresMemberCount(region) === 1 || synchronous.length > 0);

/** The first member that answers speaks for all: each says what etcd says. */
const lookAtDatabase = async (looking: Looking, pods: readonly PodSeen[]): Promise<DatabaseSeen | null> => {
  for (const pod of pods) {
    try {
      const seen = databaseFrom(await looking.cluster.exec(pod, DATABASE_CONTAINER, ASK_PATRONI));
      const ready = canCommit(looking.region, seen) ? pods.find(({ name }) => name === seen.leaders[0]) : undefined;
      return { ...seen, commits: await commits(looking, ready) };
    } catch (error) {
      if (error instanceof ControlPlaneDown) throw error;
      continue; // it does not answer yet: the next one may
    }
  }
  return null;
};

const NOTHING_SEEN: RegionSeen = { controlPlane: 'down', machines: [], workloads: {}, database: null };

export const look = async (looking: Looking): Promise<RegionSeen> => {
  try {
    const objects = await looking.cluster.objects();
    const names = objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
    const power = new Map(await Promise.all(names.map(async (name) => [name, await looking.power(name)] as const)));
    const context = { now: Date.now(), power: (name: string) => power.get(name) ?? null, silentMeansOff: looking.silentMeansOff };
    const machines = machinesFrom(objects, context);
    const workloads = workloadsFrom(objects, looking.tiers);
    const seen: RegionSeen = { controlPlane: 'up', machines, workloads, database: null };
    // A member that is ready leads, or streams from one that does: before that there is nothing to ask.
    const members = looking.tiers.filter(({ kind }) => kind === 'database-primary').flatMap((tier) => readyPods(tier, seen));
    return { ...seen, database: members.length === 0 ? null : await lookAtDatabase(looking, members) };
  } catch (error) {
    if (error instanceof ControlPlaneDown) return NOTHING_SEEN;
    throw error;
  }
};
