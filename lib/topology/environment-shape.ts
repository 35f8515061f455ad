/** What an `EnvironmentInput` looks like, field by field. */
import { gatewayShape } from './gateway-shape';
import { listOf, mapOf, nullable, object, oneOf, type Fields, type Shape } from './shape';
import { SCENARIOS, type Scenario } from './scenarios';
import { ACME_CLIENTS, BLAST_RADII, CONTINENTS, DRILL_CADENCES, MAX_MEMORY_POLICIES, WEEKDAYS } from './types';
import type {
  AcmeInput,
  Backups,
  Blackout,
  Cache,
  Certificates,
  CertificateThresholds,
  Clocks,
  DelayedReplica,
  Continent,
  DnsHealthChecks,
  DnsInput,
  DrillPolicy,
  DrillScheduleInput,
  EnvironmentInput,
  ImageDigests,
  LossDecision,
  Maintenance,
  Objective,
  RegionFailoverInput,
  RegionInput,
  RegionLease,
  Replication,
  Resources,
  RetentionPolicy,
  Rotation,
} from './types';
import { edgeShape } from './edge-shape';
import { count, duration, flag, gibi, mebi, milli, scalar, text } from './shape-leaves';
import type { Violation } from './violation';
import { workloadShape } from './workload-shape';

type Part<K extends keyof RegionInput> = Exclude<RegionInput[K], undefined>;
const resources = object<Partial<Resources>>({ cpu: milli, memory: mebi, cpuLimit: milli }, {});

const networkFields: Fields<Part<'network'>> = {
  vpcCidr: text,
  serviceCidr: text,
  natGateways: oneOf(['one', 'perAz']),
  flowLogRetentionDays: count,
};
const cluster = object<Part<'cluster'>>({ version: text, instanceType: text, nodesPerAz: count, maxNodesPerAz: count, apiAccessCidrs: listOf(text) }, {});
const etcd = object<Part<'etcd'>>(
  { members: count, heartbeat: duration, electionTimeout: duration, leaderAwayFromPrimary: flag, storage: gibi, quota: mebi, resources },
  {},
);
const postgres = object<Part<'postgres'>>(
  {
    version: oneOf([17]),
    membersPerAz: count,
    patroni: object<Exclude<Part<'postgres'>['patroni'], undefined>>(
      { ttl: duration, loopWait: duration, retryTimeout: duration, primaryStartTimeout: duration, maximumLagOnFailoverBytes: count },
      {},
    ),
    supervision: object<Exclude<Part<'postgres'>['supervision'], undefined>>({ probeInterval: duration, probeTimeout: duration, probeFailures: count }, {}),
    synchronousMode: oneOf(['strict', 'asynchronous']),
    parameters: mapOf(scalar),
    maxConnections: count,
    sharedBuffers: mebi,
    storage: gibi,
    resources,
    database: text,
    applicationRole: text,
  },
  {},
);
const pooler = object<Part<'pooler'>>(
  {
    replicasPerAz: count,
    poolSize: count,
    maxClientConnections: count,
    queryWaitTimeout: duration,
    serverLoginRetry: duration,
    serverConnectTimeout: duration,
    resources,
  },
  {},
);
const follower = object<Part<'follower'>>({ pollInterval: duration, requestTimeout: duration, resources }, {});
const cache = object<Exclude<EnvironmentInput['cache'], undefined | null>>(
  {
    engine: oneOf(['redis', 'valkey']),
    shards: count,
    replicasPerMaster: oneOf([1, 2]),
    nodeTimeout: duration,
    minReplicasToWrite: count,
    minReplicasMaxLag: duration,
    maxMemory: mebi,
    maxMemoryPolicy: oneOf(MAX_MEMORY_POLICIES),
    memoryAlertPercent: count,
    appendFsync: oneOf(['always', 'everysec', 'no']),
    storage: gibi,
    resources,
    keeper: object<Partial<Omit<Cache['keeper'], 'resources'>> & { readonly resources?: Partial<Resources> }>(
      { checkInterval: duration, requestTimeout: duration, resources },
      {},
    ),
  },
  {},
);
const regionParts = { cluster, etcd, postgres, pooler, follower };

const region = object<RegionInput>(
  {
    name: text,
    role: oneOf(['home', 'standby']),
    zones: listOf(text),
    network: object<Part<'network'>>(networkFields, { vpcCidr: true }),
    ...regionParts,
  },
  { name: true, role: true, zones: true, network: true },
);

const cadence = oneOf(['hour', 'day', 'week', 'month']);
const maintenanceFields: Fields<Partial<Maintenance>> = {
  vacuum: cadence,
  retention: listOf(
    object<RetentionPolicy>(
      { table: text, column: text, olderThan: duration, archiveTo: nullable(text), every: cadence },
      { table: true, column: true, olderThan: true, archiveTo: true, every: true },
    ),
  ),
  batchSize: count,
  batchPause: duration,
  timeLimit: duration,
  statementTimeout: duration,
  lockTimeout: duration,
};

const objectives: Fields<Partial<Record<Scenario, Partial<Objective>>>> = everyScenario(object<Partial<Objective>>({ rto: duration, rpo: duration }, {}));

function everyScenario<T>(shape: Shape<T>): Readonly<Record<Scenario, Shape<T>>> {
  return Object.fromEntries(SCENARIOS.map((scenario) => [scenario, shape])) as Record<Scenario, Shape<T>>;
}

const backups = object<Partial<Backups>>(
  {
    retentionDays: count,
    objectLockDays: count,
    replicateToStandby: flag,
    secondRepository: flag,
    fullSchedule: text,
    differentialSchedule: text,
    archiveTimeout: duration,
    processMax: count,
    verifySchedule: text,
    newestVerifiedMaxAge: duration,
    delayedReplica: nullable(object<DelayedReplica>({ delay: duration }, { delay: true })),
  },
  {},
);

const dns = object<DnsInput>(
  {
    zoneName: text,
    zoneId: text,
    applicationName: text,
    writerName: text,
    preferences: object<Partial<Record<Continent, string>>>(
      Object.fromEntries(CONTINENTS.map((continent) => [continent, text])) as Record<Continent, Shape<string>>,
      {},
    ),
    ttl: duration,
    healthChecks: object<Partial<DnsHealthChecks>>({ interval: duration, failureThreshold: count, switchThreshold: count }, {}),
  },
  { zoneName: true, zoneId: true },
);

const failover = object<RegionFailoverInput>(
  {
    mode: oneOf(['automatic', 'approval']),
    trafficSwitch: oneOf(['stopQuorum', 'routingControl']),
    witness: text,
    leaseRegions: listOf(text),
    switchRegions: listOf(text),
    lease: object<Partial<RegionLease>>({ duration, renewEvery: duration, requestTimeout: duration, margin: duration }, {}),
    decision: object<Partial<LossDecision>>({ every: duration, ticks: count, signals: count, silentAfter: duration }, {}),
    maxLag: duration,
    cooldown: duration,
    approvalTimeout: duration,
  },
  { witness: true, leaseRegions: true, switchRegions: true },
);

const acme = object<AcmeInput>(
  {
    directory: text,
    contact: text,
    names: listOf(text),
    challenge: oneOf(['dns-01']),
    client: oneOf(ACME_CLIENTS),
    lifetime: duration,
    renewBefore: duration,
    thresholds: object<Partial<CertificateThresholds>>({ warning: duration, high: duration, critical: duration, emergency: duration }, {}),
    checkEvery: duration,
    retryEvery: duration,
  },
  { contact: true, names: true },
);

const drillPolicy = object<Partial<DrillPolicy>>(
  {
    timeZone: text,
    weekdays: listOf(oneOf(WEEKDAYS)),
    fromHour: count,
    toHour: count,
    blackouts: listOf(object<Blackout>({ from: text, to: text, because: text }, { from: true, to: true, because: true })),
    stopAlarms: listOf(text),
    blastRadius: oneOf(BLAST_RADII),
    longest: duration,
    grace: duration,
    approval: flag,
    evidenceYears: count,
    evidenceLock: oneOf(['governance', 'compliance']),
    trustedKeys: listOf(text),
  },
  {},
);

const environment = object<EnvironmentInput>(
  {
    name: text,
    account: nullable(text),
    retainData: flag,
    regions: listOf(region),
    everyRegion: object<Exclude<EnvironmentInput['everyRegion'], undefined>>(
      { network: object<Partial<Part<'network'>>>(networkFields, {}), ...regionParts },
      {},
    ),
    certificates: object<Partial<Certificates>>({ lifetime: duration, renewBefore: duration }, {}),
    acme: nullable(acme),
    clocks: object<Partial<Clocks>>({ sources: listOf(text), maxOffset: duration, checkEvery: duration }, {}),
    imageDigests: object<ImageDigests>({ coredns: text, rollouts: text, metricsServer: text, base: text }, {}),
    rotation: object<Partial<Rotation>>({ databaseEvery: duration, grace: duration }, {}),
    backups,
    replication: object<Partial<Replication>>({ heartbeat: duration, stalenessBound: duration, cacheChannels: listOf(text), cacheStaleAfter: duration }, {}),
    maintenance: object<Partial<Maintenance>>(maintenanceFields, {}),
    objectives: object<Partial<Record<Scenario, Partial<Objective>>>>(objectives, {}),
    drills: listOf(object<DrillScheduleInput>({ drill: oneOf(SCENARIOS), every: oneOf(DRILL_CADENCES) }, { drill: true })),
    drillPolicy,
    cache: nullable(cache),
    edge: nullable(edgeShape),
    gateway: gatewayShape,
    dns: nullable(dns),
    failover: nullable(failover),
    workloads: listOf(workloadShape),
  },
  { name: true, regions: true },
);

/** Unknown keys anywhere, wrong types, missing required fields: all of them, none when the input is a sound `EnvironmentInput`. */
export const checkShape = (input: unknown): readonly Violation[] => environment.check(input, '');
