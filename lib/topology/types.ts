/**
 * THE MODEL: what an environment is. Everything else (CDK stacks, charts, configuration, lab, budgets, drills, docs) is a projection of it.
 *
 * A user writes an `EnvironmentInput` (in `lib/environments/<name>.ts`), with only what differs from the defaults; `defineEnvironment` fills the defaults,
 * checks every rule and returns the frozen `Environment`. A key that is not part of these types is an error, and so is a setting that nothing carries out.
 */
import type { Scenario } from './scenarios';
import type { Acme, AcmeInput, Clocks } from './types-certificates';
import type { DrillPolicy, DrillSchedule, DrillScheduleInput } from './types-drills';
import type { ClientCertificates, Edge } from './types-edge';
import type { Gateway } from './types-gateway';
import type { ImageDigests } from './types-images';
import type { Dns, RegionFailover } from './types-traffic';
import type { Workload, WorkloadInput } from './types-workloads';
import type { Gibibytes, Mebibytes, Millicores, Seconds } from './units';

export * from './types-certificates';
export * from './types-drills';
export * from './types-edge';
export * from './types-gateway';
export * from './types-images';
export * from './types-traffic';
export * from './types-workloads';

/** What a container may use. `memory` is both request and limit (a database must not be overcommitted); `cpu` is a request, `cpuLimit` an optional ceiling. */
export interface Resources {
  /** CPU request in thousandths of a core. */
  readonly cpu: Millicores;
  /** Memory request and limit, MiB. */
  readonly memory: Mebibytes;
  /** CPU limit in thousandths of a core. Must be >= `cpu`. */
  readonly cpuLimit: Millicores;
}

/** A region's private network. */
export interface Network {
  /** IPv4 CIDR of the VPC, /16 to /20, private (RFC 1918), disjoint from every other region's `vpcCidr` and `serviceCidr`. */
  readonly vpcCidr: string;
  /** IPv4 CIDR of Kubernetes service addresses, /12 to /24, disjoint from every VPC CIDR of the environment. */
  readonly serviceCidr: string;
  /** NAT gateways: `one` (cheap, a shared fate) or `perAz`. */
  readonly natGateways: 'one' | 'perAz';
  /** How long VPC flow logs are kept. */
  readonly flowLogRetentionDays: number;
}

/** The cluster's machines in one region; the same in every AZ. */
export interface ClusterCapacity {
  /** Kubernetes minor version, for example `1.35`. */
  readonly version: string;
  /** EC2 instance type of the nodes, for example `m7i.large`. */
  readonly instanceType: string;
  /** Nodes per AZ, all of them running. */
  readonly nodesPerAz: number;
  /** Upper bound the node group may be scaled to, per AZ. */
  readonly maxNodesPerAz: number;
  /** CIDRs that may reach the Kubernetes API from outside; empty: private endpoint only. */
  readonly apiAccessCidrs: readonly string[];
}

/** The coordination store of one region. */
export interface Etcd {
  /** Members, spread over the region's AZs; odd, >= 3. */
  readonly members: number;
  /** Heartbeat between the members. */
  readonly heartbeat: Seconds;
  /** Election timeout; >= 5 x heartbeat. */
  readonly electionTimeout: Seconds;
  /** Keeps etcd's leader off the node of the PostgreSQL primary, so that losing that node does not re-arm the leader lease (up to three election timeouts longer). */
  readonly leaderAwayFromPrimary: boolean;
  /** Volume of each member. */
  readonly storage: Gibibytes;
  /** Backend quota: the database may grow no further. */
  readonly quota: Mebibytes;
  /** Of each member. */
  readonly resources: Resources;
}

/** Patroni's timing constants, all of them in whole seconds: Patroni raises smaller values silently, Holdfast refuses them. */
export interface PatroniTimings {
  /** Leader lease, >= 20. */
  readonly ttl: Seconds;
  /** Pause between two rounds of the HA loop, >= 1. */
  readonly loopWait: Seconds;
  /** How long etcd and PostgreSQL operations are retried, >= 3; `loopWait + 2 x retryTimeout <= ttl`. */
  readonly retryTimeout: Seconds;
  /** How long a crashed primary may try to start before a failover; 0: fail over at once. */
  readonly primaryStartTimeout: Seconds;
  /** Largest lag of a standby that may still be promoted, bytes. */
  readonly maximumLagOnFailoverBytes: number;
}

/** What watches Patroni inside its own container and restarts it when it dies or stops answering. */
export interface PatroniSupervision {
  /** Pause between two probes of Patroni's REST API. */
  readonly probeInterval: Seconds;
  /** A probe without an answer for this long counts as failed. */
  readonly probeTimeout: Seconds;
  /** So many failed probes in a row: the process is killed and started again; PostgreSQL stays up. */
  readonly probeFailures: number;
}

/**
 * - `strict`: `synchronous_mode: true` + `synchronous_mode_strict: true`: a commit is acknowledged once a standby in another AZ has it on disk; without one, writes wait.
 * - `asynchronous`: commits don't wait; the RPO is the replication lag.
 */
export type SynchronousMode = 'strict' | 'asynchronous';

/** The PostgreSQL cluster of one region, run by Patroni. */
export interface Postgres {
  /** PostgreSQL major version. */
  readonly version: 17;
  /** Members in each AZ; 1 in this release. */
  readonly membersPerAz: number;
  /** When a failover begins, and how long it may take. */
  readonly patroni: PatroniTimings;
  /** What keeps Patroni itself running. */
  readonly supervision: PatroniSupervision;
  /** What a commit waits for. */
  readonly synchronousMode: SynchronousMode;
  /** PostgreSQL parameters besides those that Holdfast sets itself (setting one of those is an error). */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** Connections of each member; those of all poolers, of Patroni and of operators must fit. */
  readonly maxConnections: number;
  /** PostgreSQL's own cache, at most 40 % of the member's memory. */
  readonly sharedBuffers: Mebibytes;
  /** Volume of each member: data and write-ahead log. */
  readonly storage: Gibibytes;
  /** Of each member. */
  readonly resources: Resources;
  /** The application's database. */
  readonly database: string;
  /** The role that owns the database; applications log in with it. */
  readonly applicationRole: string;
}

/** PgBouncer: one or more per AZ, each following the leader by itself. */
export interface Pooler {
  /** PgBouncers in each AZ. */
  readonly replicasPerAz: number;
  /** Server connections of each PgBouncer to the primary. All poolers' together must fit `maxConnections`. */
  readonly poolSize: number;
  /** Client connections that each PgBouncer takes. */
  readonly maxClientConnections: number;
  /** A client's query waits at most so long for a server connection before it gets an error. */
  readonly queryWaitTimeout: Seconds;
  /** Pause before PgBouncer tries a failed login again. */
  readonly serverLoginRetry: Seconds;
  /** A connection to PostgreSQL that is not made within this time is tried again. */
  readonly serverConnectTimeout: Seconds;
  /** Of each PgBouncer. */
  readonly resources: Resources;
}

/** The leader follower beside each PgBouncer. */
export interface Follower {
  /** Besides watching, the leader key is read so often (a black-holed watch is silent). */
  readonly pollInterval: Seconds;
  /** A request to etcd or to a member's REST API is given up after so long. */
  readonly requestTimeout: Seconds;
  /** Of each follower. */
  readonly resources: Resources;
}

/** The cluster's keeper: creates it, heals it, and leads its masters back home. */
export interface CacheKeeper {
  /** Pause between two looks at every node. */
  readonly checkInterval: Seconds;
  /** A node that has not answered within this time counts as silent in that look. */
  readonly requestTimeout: Seconds;
  /** Of each keeper; there is one per AZ. */
  readonly resources: Resources;
}

/** What happens to writes when the memory is full; `noeviction` refuses them, everything else throws keys away. */
export const MAX_MEMORY_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;
export type MaxMemoryPolicy = (typeof MAX_MEMORY_POLICIES)[number];

/** A cluster of Redis or Valkey in each region, over all of its AZs. */
export interface Cache {
  /** The program; both speak the same protocol. */
  readonly engine: 'redis' | 'valkey';
  /** Masters, each with an equal share of the 16384 hash slots; >= 3, because a failover needs the votes of a majority of them. */
  readonly shards: number;
  /** Copies of each master, every one in another AZ. 2 where no write that WAIT confirmed may be lost. */
  readonly replicasPerMaster: 1 | 2;
  /** A node that has been silent for so long is suspected, and failed over when a majority of the masters agrees; >= 1, in milliseconds at the finest. */
  readonly nodeTimeout: Seconds;
  /** A master with fewer replicas in step refuses writes; 0: never. Less than `replicasPerMaster`, so that a shard which lost an AZ is written to. */
  readonly minReplicasToWrite: number;
  /** A replica that was last heard of longer ago is not in step; whole seconds, >= 1. */
  readonly minReplicasMaxLag: Seconds;
  /** Memory for data on each node, at most two thirds of the node's memory: the rest is for copies of pages while the file is rewritten, and for buffers. */
  readonly maxMemory: Mebibytes;
  /** What happens when `maxMemory` is reached. */
  readonly maxMemoryPolicy: MaxMemoryPolicy;
  /** From so many percent of `maxMemory` on the keeper complains. */
  readonly memoryAlertPercent: number;
  /** When the append-only file is flushed to the disk: with every write, every second, or when the kernel likes. */
  readonly appendFsync: 'always' | 'everysec' | 'no';
  /** Volume of each node: at least three times `maxMemory`, for the file, its rewritten copy, and growth in between. */
  readonly storage: Gibibytes;
  /** Of each node. */
  readonly resources: Resources;
  /** What keeps the cluster whole. */
  readonly keeper: CacheKeeper;
}

/** Certificates inside the cluster, issued by cert-manager in production. */
export interface Certificates {
  /** From issue to expiry. */
  readonly lifetime: Seconds;
  /** So long before its expiry a certificate is renewed. */
  readonly renewBefore: Seconds;
}

/** How often credentials change, with two versions good during each change (docs/secrets.md). */
export interface Rotation {
  /** The database's passwords: applications, replication, rewinding. 0: only on command. */
  readonly databaseEvery: Seconds;
  /** How long clients may take to use a new login. A planned rotation that still finds the old one in use then stops, and cuts nobody off. */
  readonly grace: Seconds;
}

/** A standby that stays behind on purpose: what a bug deletes is still there for so long. */
export interface DelayedReplica {
  /** It applies a commit so long after it was made. */
  readonly delay: Seconds;
}

/** Base backups and write-ahead log by pgBackRest, in a bucket of each region: what a point in time is restored from. */
export interface Backups {
  /** Backups are kept so long, with the write-ahead log to any point in time since the oldest; and as long again as old versions of objects. */
  readonly retentionDays: number;
  /** S3 Object Lock in governance mode for so many days; 0: off. Must not exceed `retentionDays`. */
  readonly objectLockDays: number;
  /** Copy every object to the next region's bucket (by S3 itself). Needs a standby region, and excludes `secondRepository`. */
  readonly replicateToStandby: boolean;
  /** pgBackRest writes everything to the other regions' buckets as well: each is a whole repository that a restore can begin from. Needs a standby region. */
  readonly secondRepository: boolean;
  /** When a full backup is taken: a cron expression of five fields, UTC. */
  readonly fullSchedule: string;
  /** When a differential backup (what changed since the full one) is taken: a cron expression, UTC. */
  readonly differentialSchedule: string;
  /** A segment of the write-ahead log is archived at the latest so long after its first change: with the region lost, so much is missing from the archive. */
  readonly archiveTimeout: Seconds;
  /** Processes that compress, encrypt and transfer at the same time, in each command. */
  readonly processMax: number;
  /** When the newest backup is restored in isolation and checked: a cron expression, UTC. */
  readonly verifySchedule: string;
  /** An alarm is raised when the newest backup that was verified is older. */
  readonly newestVerifiedMaxAge: Seconds;
  /** A standby that stays behind, or null: none. */
  readonly delayedReplica: DelayedReplica | null;
}

/** Between the regions of an environment; of no effect where there is one. */
export interface Replication {
  /** The primary writes a row so often; a standby's lag in seconds is the age of the newest one it has. */
  readonly heartbeat: Seconds;
  /** Reads of the standby region's own data go to the primary region instead while that data is older. */
  readonly stalenessBound: Seconds;
  /** Patterns of the cache's pub/sub channels that are passed on to the other regions. */
  readonly cacheChannels: readonly string[];
  /** A region whose cache shows no sign of a writer for so long is not copied from. */
  readonly cacheStaleAfter: Seconds;
}

/** How often a maintenance task runs. */
export type Cadence = 'hour' | 'day' | 'week' | 'month';

/** Rows of one table that have had their time. */
export interface RetentionPolicy {
  /** `table` or `schema.table`, lower-case PostgreSQL names. */
  readonly table: string;
  /** The column (a point in time) that says how old a row is. */
  readonly column: string;
  /** Rows older than this are due; at least an hour. */
  readonly olderThan: Seconds;
  /** The table that due rows are moved to, with at least the same columns; null: they are deleted. */
  readonly archiveTo: string | null;
  /** How often. */
  readonly every: Cadence;
}

/** What keeps the application's tables in shape, as CronJobs in the home region. */
export interface Maintenance {
  /** How often every table is vacuumed and analyzed, and its size recorded. */
  readonly vacuum: Cadence;
  /** One task per table. */
  readonly retention: readonly RetentionPolicy[];
  /** Rows per transaction. */
  readonly batchSize: number;
  /** Pause between two transactions. */
  readonly batchPause: Seconds;
  /** A run ends after so long, and the next one goes on. */
  readonly timeLimit: Seconds;
  /** A transaction of a retention task is given up after so long. */
  readonly statementTimeout: Seconds;
  /** It waits for a lock at most so long. */
  readonly lockTimeout: Seconds;
}

/** What is promised for a scenario. */
export interface Objective {
  /** Longest time without an acknowledged write, from a client that can reach a pooler. */
  readonly rto: Seconds;
  /** Seconds of acknowledged writes that may be lost; 0: none. */
  readonly rpo: Seconds;
}

/** One AWS region of an environment. */
export interface Region {
  /** AWS region name, for example `eu-central-1`. */
  readonly name: string;
  /** `home`: where the writable primary lives in normal operation; exactly one. `standby`: takes over when the home region is lost. */
  readonly role: 'home' | 'standby';
  /** The AZs in use, explicit names, for example `eu-central-1a`. */
  readonly zones: readonly string[];
  /** VPC and service addresses. */
  readonly network: Network;
  /** The Kubernetes cluster and its nodes. */
  readonly cluster: ClusterCapacity;
  /** The coordination store. */
  readonly etcd: Etcd;
  /** The database. */
  readonly postgres: Postgres;
  /** PgBouncer. */
  readonly pooler: Pooler;
  /** What tells PgBouncer where the primary is. */
  readonly follower: Follower;
}

/** One complete, validated, frozen environment. */
export interface Environment {
  /** Lower-case name: the CDK stage, the folder of manifests, the argument of every command. */
  readonly name: string;
  /** 12-digit AWS account id, or null: taken from the credentials at deployment. */
  readonly account: string | null;
  /** Whether stateful resources survive the deletion of their stack. */
  readonly retainData: boolean;
  /** The home region and any number of standby regions. */
  readonly regions: readonly Region[];
  /** Of everything that speaks TLS inside the clusters. */
  readonly certificates: Certificates;
  /** Public certificates of what runs inside the clusters, or null: none are renewed there. */
  readonly acme: Acme | null;
  /** What the machines' clocks go by. */
  readonly clocks: Clocks;
  /** Of images that others publish; those without one are named by tag. */
  readonly imageDigests: ImageDigests;
  /** How often credentials change. */
  readonly rotation: Rotation;
  /** The buckets for backups and write-ahead log. */
  readonly backups: Backups;
  /** From the primary region to the others. */
  readonly replication: Replication;
  /** Vacuum, and what becomes of old rows. */
  readonly maintenance: Maintenance;
  /** What is promised, for every scenario. */
  readonly objectives: Readonly<Record<Scenario, Objective>>;
  /** Drills on a schedule, each once. Empty: none is run, and nothing is made for them. */
  readonly drills: readonly DrillSchedule[];
  /** When they may be run, and what stops them. */
  readonly drillPolicy: DrillPolicy;
  /** Redis or Valkey in each region, or null: none. */
  readonly cache: Cache | null;
  /** Limits, web ACLs and CloudFront in front of the regions, or null: whoever asks is served. */
  readonly edge: Edge | null;
  /** In front of the workloads that are `public`. */
  readonly gateway: Gateway;
  /** Which region clients are sent to, or null: no names are made. */
  readonly dns: Dns | null;
  /** How another region takes over by itself, or null: only on command. */
  readonly failover: RegionFailover | null;
  /** Services that users bring as images. */
  readonly workloads: readonly Workload[];
}

type DeepPartial<T> = T extends number | string | boolean | null | readonly unknown[]
  ? T
  : string extends keyof T
    ? T
    : { readonly [K in keyof T]?: DeepPartial<T[K]> };

/** What a user writes for a region: name, role, zones and the network are required, the rest has defaults. */
export type RegionInput = Pick<Region, 'name' | 'role' | 'zones'> & {
  readonly network: Pick<Network, 'vpcCidr'> & Partial<Network>;
} & DeepPartial<Omit<Region, 'name' | 'role' | 'zones' | 'network'>>;

/** What a user writes for the gateway: only what differs from the defaults. */
export type GatewayInput = DeepPartial<Gateway>;

/** What a user writes for DNS: the zone; the rest has defaults. */
export type DnsInput = Pick<Dns, 'zoneName' | 'zoneId'> & DeepPartial<Omit<Dns, 'zoneName' | 'zoneId' | 'preferences'>> & Partial<Pick<Dns, 'preferences'>>;

/** What a user writes for the failover of regions: where its parts live; the rest has defaults. */
export type RegionFailoverInput = Pick<RegionFailover, 'witness' | 'leaseRegions' | 'switchRegions'> &
  DeepPartial<Omit<RegionFailover, 'witness' | 'leaseRegions' | 'switchRegions'>>;

/** What a user writes for the edge: everything has defaults. */
export type EdgeInput = DeepPartial<Omit<Edge, 'clientCertificates'>> & { readonly clientCertificates?: ClientCertificates | null };

/** What a user writes for an environment. `everyRegion` is applied to each region before the region's own settings. */
export interface EnvironmentInput {
  readonly name: string;
  readonly account?: string | null;
  readonly retainData?: boolean;
  readonly regions: readonly RegionInput[];
  readonly everyRegion?: DeepPartial<Omit<Region, 'name' | 'role' | 'zones'>>;
  readonly certificates?: Partial<Certificates>;
  readonly acme?: AcmeInput | null;
  readonly clocks?: Partial<Clocks>;
  readonly imageDigests?: ImageDigests;
  readonly rotation?: Partial<Rotation>;
  readonly backups?: Partial<Backups>;
  readonly replication?: Partial<Replication>;
  readonly maintenance?: Partial<Maintenance>;
  readonly objectives?: Partial<Record<Scenario, Partial<Objective>>>;
  readonly drills?: readonly DrillScheduleInput[];
  readonly drillPolicy?: Partial<DrillPolicy>;
  readonly cache?: DeepPartial<Cache> | null;
  readonly edge?: EdgeInput | null;
  readonly gateway?: GatewayInput;
  readonly dns?: DnsInput | null;
  readonly failover?: RegionFailoverInput | null;
  readonly workloads?: readonly WorkloadInput[];
}
