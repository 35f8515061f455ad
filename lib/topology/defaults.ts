import { SCENARIOS, type Scenario } from './scenarios';
import type {
  Acme,
  Backups,
  Cache,
  Certificates,
  Clocks,
  Dns,
  DrillPolicy,
  Maintenance,
  Objective,
  Region,
  RegionFailover,
  Replication,
  Rotation,
} from './types';
import { days, gibibytes, hours, mebibytes, millicores, minutes, seconds } from './units';

/** What a region is when its author says nothing else. The figures are measured ones: see docs/measurements. */
export const REGION_DEFAULTS: Omit<Region, 'name' | 'role' | 'zones' | 'network'> & { readonly network: Omit<Region['network'], 'vpcCidr'> } = {
  network: { serviceCidr: '172.20.0.0/16', natGateways: 'perAz', flowLogRetentionDays: 90 },
  cluster: { version: '1.35', instanceType: 'm7i.large', nodesPerAz: 1, maxNodesPerAz: 3, apiAccessCidrs: [] },
  etcd: {
    members: 3,
    heartbeat: seconds(0.1),
    electionTimeout: seconds(1),
    leaderAwayFromPrimary: true,
    storage: gibibytes(8),
    quota: mebibytes(2048),
    resources: { cpu: millicores(250), memory: mebibytes(512), cpuLimit: millicores(1000) },
  },
  postgres: {
    version: 17,
    membersPerAz: 1,
    patroni: { ttl: seconds(20), loopWait: seconds(1), retryTimeout: seconds(3), primaryStartTimeout: seconds(0), maximumLagOnFailoverBytes: 1_048_576 },
    supervision: { probeInterval: seconds(0.25), probeTimeout: seconds(1), probeFailures: 3 },
    synchronousMode: 'strict',
    parameters: {},
    maxConnections: 200,
    sharedBuffers: mebibytes(512),
    storage: gibibytes(50),
    resources: { cpu: millicores(500), memory: mebibytes(2048), cpuLimit: millicores(2000) },
    database: 'app',
    applicationRole: 'app',
  },
  pooler: {
    replicasPerAz: 1,
    poolSize: 40,
    maxClientConnections: 2000,
    queryWaitTimeout: seconds(10),
    serverLoginRetry: seconds(0.2),
    serverConnectTimeout: seconds(1),
    resources: { cpu: millicores(100), memory: mebibytes(128), cpuLimit: millicores(1000) },
  },
  follower: {
    pollInterval: seconds(1),
    requestTimeout: seconds(1),
    resources: { cpu: millicores(50), memory: mebibytes(128), cpuLimit: millicores(500) },
  },
};

export const CERTIFICATE_DEFAULTS: Certificates = { lifetime: days(90), renewBefore: days(30) };
/** An ordinary public certificate: renewed with a third of its life left, and everybody has been told before the last day. */
export const ACME_DEFAULTS: Omit<Acme, 'contact' | 'names'> = {
  directory: 'https://acme-v02.api.letsencrypt.org/directory',
  challenge: 'dns-01',
  client: 'certbot',
  lifetime: days(90),
  renewBefore: days(30),
  thresholds: { warning: days(30), high: days(14), critical: days(7), emergency: days(1) },
  checkEvery: days(1),
  retryEvery: hours(1),
};
/** Amazon's own on every machine's link, then three that anybody may ask. */
export const CLOCK_DEFAULTS: Clocks = {
  sources: ['169.254.169.123', 'time.aws.com', 'time.cloudflare.com', 'time.google.com'],
  maxOffset: seconds(1),
  checkEvery: seconds(60),
};
export const ROTATION_DEFAULTS: Rotation = { databaseEvery: days(30), grace: hours(1) };
export const REPLICATION_DEFAULTS: Replication = {
  heartbeat: seconds(1),
  stalenessBound: seconds(5),
  cacheChannels: ['invalidate:*'],
  cacheStaleAfter: seconds(10),
};
export const CACHE_DEFAULTS: Cache = {
  engine: 'valkey',
  shards: 3,
  replicasPerMaster: 2,
  nodeTimeout: seconds(1),
  minReplicasToWrite: 1,
  minReplicasMaxLag: seconds(2),
  maxMemory: mebibytes(1024),
  maxMemoryPolicy: 'noeviction',
  memoryAlertPercent: 90,
  appendFsync: 'everysec',
  storage: gibibytes(10),
  resources: { cpu: millicores(100), memory: mebibytes(1536), cpuLimit: millicores(1000) },
  keeper: {
    checkInterval: seconds(1),
    requestTimeout: seconds(1),
    resources: { cpu: millicores(50), memory: mebibytes(128), cpuLimit: millicores(500) },
  },
};
export const BACKUP_DEFAULTS: Backups = {
  retentionDays: 35,
  objectLockDays: 0,
  replicateToStandby: false,
  secondRepository: false,
  fullSchedule: '0 1 * * 0',
  differentialSchedule: '0 1 * * 1-6',
  archiveTimeout: minutes(1),
  processMax: 4,
  verifySchedule: '0 4 * * *',
  newestVerifiedMaxAge: hours(48),
  delayedReplica: null,
};

export const MAINTENANCE_DEFAULTS: Maintenance = {
  vacuum: 'week',
  retention: [],
  batchSize: 1000,
  batchPause: seconds(0.1),
  timeLimit: minutes(30),
  statementTimeout: seconds(30),
  lockTimeout: seconds(5),
};

export const DNS_DEFAULTS: Omit<Dns, 'zoneName' | 'zoneId'> = {
  applicationName: 'app',
  writerName: 'writer',
  preferences: {},
  ttl: seconds(60),
  healthChecks: { interval: seconds(10), failureThreshold: 3, switchThreshold: 1 },
};

export const FAILOVER_DEFAULTS: Omit<RegionFailover, 'witness' | 'leaseRegions' | 'switchRegions'> = {
  mode: 'automatic',
  trafficSwitch: 'stopQuorum',
  lease: { duration: seconds(10), renewEvery: seconds(2), requestTimeout: seconds(1.5), margin: seconds(3) },
  decision: { every: seconds(5), ticks: 3, signals: 3, silentAfter: seconds(10) },
  maxLag: seconds(30),
  cooldown: hours(1),
  approvalTimeout: minutes(15),
};

export const DRILL_POLICY_DEFAULTS: DrillPolicy = {
  timeZone: 'UTC',
  weekdays: ['tue', 'wed', 'thu'],
  fromHour: 9,
  toHour: 15,
  blackouts: [],
  stopAlarms: [],
  blastRadius: 'zone',
  longest: minutes(30),
  grace: days(14),
  approval: false,
  evidenceYears: 3,
  evidenceLock: 'governance',
  trustedKeys: [],
};

const objective = (rto: number): Objective => ({ rto: seconds(rto), rpo: seconds(0) });
/** The catalogue's objectives (CS-1, CS-2: < 30 s, nothing lost), and tighter ones where the configuration allows more. */
export const OBJECTIVE_DEFAULTS: Readonly<Record<Scenario, Objective>> = {
  ...(Object.fromEntries(SCENARIOS.map((s) => [s, objective(30)])) as Record<Scenario, Objective>),
  'postgres-killed': objective(10),
  'patroni-killed': objective(5),
  'patroni-frozen': objective(10),
  switchover: objective(10),
  'node-drained': objective(10),
  'etcd-member-lost': objective(5),
  'rotate-secrets': objective(5),
  'credentials-compromised': objective(5),
  'etcd-quorum-lost': objective(5),
  // The catalogue allows 30 min for a complete outage (PW-10).
  'region-cold-start': objective(150),
  // CS-6 allows an hour. This is for 1 GB on a small machine; what is done beside the database must not be noticed by those who write.
  'restore-point-in-time': objective(90),
  'restore-extract': objective(5),
  'restore-refused': objective(5),
  'restore-interrupted': objective(300),
  'restore-disk-full': objective(120),
  'verified-backup': objective(5),
  'standby-delayed-extract': objective(5),
  'region-switchover': objective(6),
  // CS-5: what was under way between the regions may be lost, half a second of it.
  'region-crash-promotion': { rto: seconds(8), rpo: seconds(0.5) },
  'regions-link-cut': objective(5),
  'standby-region-lost': objective(5),
  'region-rejoin': objective(5),
  // To the last client outside of both regions, DNS included (budget/failover.ts).
  'region-lost': { rto: seconds(300), rpo: seconds(0.5) },
  // The same, and what the region goes on to accept for its own clients until its lease and the margin have run out (10 + 3 s, by default).
  'region-isolated': { rto: seconds(300), rpo: seconds(13.5) },
  'witness-lost': objective(5),
  'lease-store-lost': objective(5),
  'failover-interrupted': { rto: seconds(300), rpo: seconds(0.5) },
  // Somebody has to take the loss upon himself: that takes people, and what they accept is lost.
  'lag-gate': { rto: seconds(900), rpo: seconds(60) },
  failback: objective(10),
  'maintenance-under-load': objective(5),
  'connections-exhausted': objective(60),
  // CS-3: nobody notices a deployment. A client's own pause between two requests is in it.
  overload: objective(3),
  'invalid-signature-flood': objective(3),
  'limiter-loses-state': objective(5),
  'nonce-store-down': objective(5),
  'good-deploy': objective(3),
  'bad-deploy': objective(3),
  // CS-8: no downtime. A client's own pause between two requests is in it.
  'certificate-renewal': objective(2),
  // From the authority's return until a good certificate is served: somebody has been told long before.
  'certificate-renewal-fails': objective(7200),
  // CS-7 allows a minute.
  'out-of-memory': objective(5),
  // PW-1: out of rotation within 30 s.
  'pod-loses-database': objective(30),
  'application-node-dies': objective(30),
  'queue-backlog': objective(3),
  'load-surge': objective(3),
  // NR-4: at once; NR-3: what was handed in meanwhile is stored within 60 s.
  'cache-down': objective(5),
  'database-down': objective(15),
  // PW-7: nobody notices a pod whose clock is off by less than a signature's minute.
  'clock-step': objective(3),
  'redis-master-dies': objective(5),
  'redis-az-lost': objective(5),
  'redis-master-isolated': objective(5),
  'redis-majority-lost': objective(15),
  'redis-memory-full': objective(10),
};
