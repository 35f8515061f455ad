import { violationsOf } from '../../lib/topology/define';
import { RULES } from '../../lib/topology/rules';
import { SCENARIOS, type Scenario } from '../../lib/topology/scenarios';
import type { DrillPolicy, DrillScheduleInput, EnvironmentInput, Objective, RegionInput, RetentionPolicy } from '../../lib/topology/types';
import { days, gibibytes, hours, mebibytes, millicores, minutes, seconds } from '../../lib/topology/units';
import { EDGE_CASES } from './edge-cases';
import { GATEWAY_CASES } from './gateway-cases';
import { environmentWith, regionWith, standbyWith, withRegion, withStandby, type Case } from './fixtures';
import { WORKLOAD_CASES } from './workload-cases';

type Postgres = Exclude<RegionInput['postgres'], undefined>;
const postgres = (changes: Postgres): EnvironmentInput => withRegion({ postgres: changes });
const patroni = (changes: Postgres['patroni'] & object, rest: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  ...postgres({ patroni: changes }),
  ...rest,
});
const vpc = (vpcCidr: string): EnvironmentInput => withRegion({ network: { vpcCidr } });
const services = (serviceCidr: string): EnvironmentInput => withRegion({ network: { vpcCidr: '10.1.0.0/16', serviceCidr } });
const everyObjective = (objective: Partial<Objective>): Partial<Record<Scenario, Partial<Objective>>> =>
  Object.fromEntries(SCENARIOS.map((scenario) => [scenario, objective]));
/** Timings beyond the defaults need time: these tests are about other rules. */
const GENEROUS = { objectives: everyObjective({ rto: minutes(10) }) };
const receipts: RetentionPolicy = { table: 'receipts', column: 'submitted_at', olderThan: days(90), archiveTo: 'receipts_archive', every: 'month' };
const retention = (...policies: readonly Partial<RetentionPolicy>[]): EnvironmentInput =>
  environmentWith({ maintenance: { retention: policies.map((policy) => ({ ...receipts, ...policy })) } });
const maintenance = (changes: EnvironmentInput['maintenance'] & object): EnvironmentInput => environmentWith({ maintenance: changes });
const ROOMY: Partial<RegionInput> = { cluster: { instanceType: 'm7i.2xlarge' } };
const cache = (changes: EnvironmentInput['cache'] & object, rest: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  ...withRegion(ROOMY),
  ...rest,
  cache: changes,
});
/** Confirmed writes may be lost: what promises nothing may be configured freely. */
const LOSSY = { objectives: everyObjective({ rpo: seconds(60), rto: minutes(10) }) };
const zones = (letters: string): readonly string[] => Array.from(letters, (letter) => `eu-central-1${letter}`);

const ZONE = { zoneName: 'example.com', zoneId: 'Z1' };
const dns = (changes: Partial<EnvironmentInput['dns'] & object>): EnvironmentInput => environmentWith({ dns: { ...ZONE, ...changes } });
const OUTSIDE = { witness: 'eu-west-1', leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-west-3'], switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'] };
const failover = (changes: Partial<EnvironmentInput['failover'] & object>, rest: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  ...withStandby({}),
  dns: ZONE,
  failover: { ...OUTSIDE, ...changes },
  ...rest,
});

const acme = (changes: Partial<EnvironmentInput['acme'] & object>): EnvironmentInput =>
  environmentWith({ dns: ZONE, acme: { contact: 'platform@example.com', names: ['api.example.com'], ...changes } });
const clocks = (changes: EnvironmentInput['clocks'] & object): EnvironmentInput => environmentWith({ clocks: changes });

const NODE: DrillScheduleInput = { drill: 'primary-node-dies' };
const drills = (drillPolicy: Partial<DrillPolicy>, ...schedules: readonly DrillScheduleInput[]): EnvironmentInput =>
  failover({}, { drillPolicy, drills: schedules });

const CASES: Readonly<Record<string, Case>> = {
  'environment-name': {
    keeps: environmentWith({ name: 'eu-production-2' }),
    breaks: [
      [environmentWith({ name: 'Production' }), 'name', /lower-case/],
      [environmentWith({ name: 'a--b' }), 'name', /single hyphens/],
      [environmentWith({ name: '' }), 'name', /rename/],
      [environmentWith({ name: '../secrets' }), 'name', /rename/],
    ],
  },
  'account-is-an-id': { keeps: environmentWith({ account: '012345678901' }), breaks: [[environmentWith({ account: '1234' }), 'account', /12 digits/]] },
  'one-home-region': {
    keeps: withStandby({}),
    breaks: [
      [withStandby({ role: 'home' }), 'regions', /2 home regions/],
      [withRegion({ role: 'standby' }), 'regions', /0 home regions/],
      [environmentWith({ regions: [] }), 'regions', /0 home regions/],
    ],
  },
  'regions-exist': {
    keeps: withStandby({ name: 'eu-west-1', zones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] }),
    breaks: [
      [withRegion({ name: 'eu-centrl-1' }), 'regions[0].name', /did you mean "eu-central-1"/],
      [withRegion({ name: 'frankfurt' }), 'regions[0].name', /aws-regions/],
    ],
  },
  'regions-are-distinct': { keeps: withStandby({}), breaks: [[withStandby({ name: 'eu-central-1', zones: zones('abc') }), 'regions[1].name', /second time/]] },
  'regions-share-a-partition': {
    keeps: withStandby({}),
    breaks: [[withStandby({ name: 'us-gov-west-1', zones: ['us-gov-west-1a', 'us-gov-west-1b', 'us-gov-west-1c'] }), 'regions', /aws-us-gov/]],
  },
  'zones-belong-to-their-region': {
    keeps: withRegion({ zones: zones('bca') }),
    breaks: [
      [withRegion({ zones: ['eu-central-1a', 'eu-central-2b', 'eu-central-1c'] }), 'regions[0].zones[1]', /eu-central-1b/],
      [withRegion({ zones: ['eu-central-1a', 'eu-central-1-ham-1a', 'eu-central-1c'] }), 'regions[0].zones[1]', /one letter/],
      [withRegion({ zones: zones('aab') }), 'regions[0].zones[1]', /second time/],
    ],
  },
  'three-zones': { keeps: environmentWith(), breaks: [[withRegion({ zones: zones('ab') }), 'regions[0].zones', /at least 3/]] },
  'cidrs-are-canonical': {
    keeps: withRegion({ cluster: { apiAccessCidrs: ['203.0.113.7/32'] } }),
    breaks: [
      [vpc('10.1.2.0/16'), 'regions[0].network.vpcCidr', /write "10.1.0.0\/16"/],
      [vpc('10.1.0.0'), 'regions[0].network.vpcCidr', /canonical/],
      [vpc('10.1.0.256/16'), 'regions[0].network.vpcCidr', /canonical/],
      [services('fd00::/108'), 'regions[0].network.serviceCidr', /IPv4/],
      [withRegion({ cluster: { apiAccessCidrs: ['anywhere'] } }), 'regions[0].cluster.apiAccessCidrs[0]', /IPv4/],
    ],
  },
  'networks-are-private': {
    keeps: vpc('192.168.0.0/16'),
    breaks: [
      [vpc('11.0.0.0/16'), 'regions[0].network.vpcCidr', /RFC 1918/],
      [services('100.64.0.0/16'), 'regions[0].network.serviceCidr', /RFC 1918/],
    ],
  },
  'network-sizes': {
    keeps: vpc('10.1.0.0/20'),
    breaks: [
      [vpc('10.0.0.0/15'), 'regions[0].network.vpcCidr', /\/16 to \/20/],
      [vpc('10.1.0.0/21'), 'regions[0].network.vpcCidr', /\/16 to \/20/],
      [services('172.20.0.0/25'), 'regions[0].network.serviceCidr', /\/12 to \/24/],
    ],
  },
  'vpcs-are-disjoint': {
    keeps: withStandby({ network: { vpcCidr: '10.1.16.0/20' } }, { network: { vpcCidr: '10.1.0.0/20' } }),
    breaks: [[withStandby({ network: { vpcCidr: '10.1.128.0/20' } }), 'regions[1].network.vpcCidr', /overlaps regions\[0\]/]],
  },
  'services-are-outside-vpcs': {
    keeps: withStandby({ network: { vpcCidr: '10.2.0.0/16', serviceCidr: '172.20.0.0/16' } }),
    breaks: [
      [services('10.1.240.0/20'), 'regions[0].network.serviceCidr', /overlaps regions\[0\]/],
      [withStandby({ network: { vpcCidr: '10.2.0.0/16', serviceCidr: '10.1.0.0/20' } }), 'regions[1].network.serviceCidr', /overlaps regions\[0\]/],
    ],
  },
  'flow-log-retention': {
    keeps: withRegion({ network: { vpcCidr: '10.1.0.0/16', flowLogRetentionDays: 3653 } }),
    breaks: [[withRegion({ network: { vpcCidr: '10.1.0.0/16', flowLogRetentionDays: 100 } }), 'regions[0].network.flowLogRetentionDays', /use 120/]],
  },
  'kubernetes-is-supported': {
    keeps: withRegion({ cluster: { version: '1.35' } }),
    breaks: [[withRegion({ cluster: { version: '1.30' } }), 'regions[0].cluster.version', /1\.35/]],
  },
  'instance-type-is-known': {
    keeps: withRegion({ cluster: { instanceType: 'r7i.8xlarge' } }),
    breaks: [
      [withRegion({ cluster: { instanceType: 'm7i.huge' } }), 'regions[0].cluster.instanceType', /did you mean "m7i.large"/],
      [withRegion({ cluster: { instanceType: 'm7g.large' } }), 'regions[0].cluster.instanceType', /did you mean/],
      [withRegion({ cluster: { instanceType: '' } }), 'regions[0].cluster.instanceType', /m7i.large/],
    ],
  },
  'node-counts': {
    keeps: withRegion({ cluster: { nodesPerAz: 2, maxNodesPerAz: 2 } }),
    breaks: [
      [withRegion({ cluster: { nodesPerAz: 0 } }), 'regions[0].cluster.nodesPerAz', />= 1/],
      [withRegion({ cluster: { nodesPerAz: 4, maxNodesPerAz: 3 } }), 'regions[0].cluster.maxNodesPerAz', /at least 4/],
    ],
  },
  'limits-cover-requests': {
    keeps: withRegion({ follower: { resources: { cpu: millicores(50), cpuLimit: millicores(50) } } }),
    breaks: [
      [withRegion({ follower: { resources: { cpu: millicores(600), cpuLimit: millicores(500) } } }), 'regions[0].follower.resources.cpuLimit', /600/],
      [withRegion({ etcd: { resources: { cpuLimit: millicores(1) } } }), 'regions[0].etcd.resources.cpuLimit', />= cpu/],
    ],
  },
  'pods-fit-the-nodes': {
    keeps: withRegion({ postgres: { resources: { memory: mebibytes(5000) } } }),
    breaks: [
      [withRegion({ postgres: { resources: { memory: mebibytes(7000) } } }), 'regions[0].cluster', /no room for postgres/],
      [withRegion({ pooler: { replicasPerAz: 12, poolSize: 1 } }), 'regions[0].cluster', /no room for pgbouncer/],
    ],
  },
  'etcd-members-are-odd': {
    keeps: withRegion({ zones: zones('abcde'), etcd: { members: 5 }, pooler: { poolSize: 20 } }),
    breaks: [
      [withRegion({ etcd: { members: 1 } }), 'regions[0].etcd.members', /use 3/],
      [withRegion({ etcd: { members: 2 } }), 'regions[0].etcd.members', /use 3/],
      [withRegion({ etcd: { members: 4 } }), 'regions[0].etcd.members', /use 5/],
      [withRegion({ etcd: { members: 6 } }), 'regions[0].etcd.members', /use 7/],
      [withRegion({ etcd: { members: 9 } }), 'regions[0].etcd.members', /use 7/],
    ],
  },
  'no-zone-holds-an-etcd-majority': {
    keeps: withRegion({ zones: zones('abcde'), etcd: { members: 5 }, pooler: { poolSize: 20 } }),
    breaks: [
      [withRegion({ zones: zones('ab') }), 'regions[0].etcd.members', /losing one AZ loses 2/],
      [withRegion({ zones: [] }), 'regions[0].etcd.members', /losing one AZ loses 3/],
    ],
  },
  'etcd-election-outlasts-heartbeats': {
    keeps: withRegion({ etcd: { heartbeat: seconds(0.1), electionTimeout: seconds(0.5) } }),
    breaks: [
      [withRegion({ etcd: { heartbeat: seconds(0.3) } }), 'regions[0].etcd.electionTimeout', /ten heartbeats/],
      [withRegion({ etcd: { heartbeat: seconds(0) } }), 'regions[0].etcd.heartbeat', /0\.01/],
      [withRegion({ etcd: { electionTimeout: seconds(51) } }), 'regions[0].etcd.electionTimeout', /50 s/],
    ],
  },
  'etcd-quota-fits-its-volume': {
    keeps: withRegion({ etcd: { storage: gibibytes(4), quota: mebibytes(2048) } }),
    breaks: [
      [withRegion({ etcd: { storage: gibibytes(2) } }), 'regions[0].etcd.quota', /mebibytes\(1024\)/],
      [withRegion({ etcd: { storage: gibibytes(100), quota: mebibytes(9000) } }), 'regions[0].etcd.quota', /8192/],
    ],
  },
  'members-pair-with-etcd': {
    keeps: withRegion({ zones: zones('abcde'), etcd: { members: 5 }, pooler: { poolSize: 20 } }),
    breaks: [
      [postgres({ membersPerAz: 2 }), 'regions[0].postgres.membersPerAz', /1 in this release/],
      [postgres({ membersPerAz: 0 }), 'regions[0].postgres.membersPerAz', /1 in this release/],
      [withRegion({ zones: zones('abcde') }), 'regions[0].etcd.members', /use 5 members/],
    ],
  },
  'synchronous-standby-survives-a-zone-loss': {
    keeps: environmentWith(),
    breaks: [
      [withRegion({ zones: zones('ab') }), 'regions[0].zones', /1 left after the loss of one/],
      [postgres({ membersPerAz: 0 }), 'regions[0].zones', /0 left/],
    ],
  },
  'member-names-are-unique': {
    keeps: withStandby({}),
    breaks: [[withStandby({ name: 'eu-central-1', zones: zones('abc') }), 'regions[1].name', /pg-euc1-0.*also in "eu-central-1"/]],
  },
  'zero-loss-needs-strict-mode': {
    keeps: { ...postgres({ synchronousMode: 'asynchronous' }), objectives: everyObjective({ rpo: seconds(5) }) },
    breaks: [
      [postgres({ synchronousMode: 'asynchronous' }), 'regions[0].postgres.synchronousMode', /every scenario/],
      [
        { ...postgres({ synchronousMode: 'asynchronous' }), objectives: { ...everyObjective({ rpo: seconds(5) }), switchover: { rpo: seconds(0) } } },
        'regions[0].postgres.synchronousMode',
        /an RPO of 0 for switchover/,
      ],
    ],
  },
  'patroni-whole-seconds': {
    keeps: patroni({ ttl: seconds(21) }, GENEROUS),
    breaks: [
      [patroni({ ttl: seconds(20.5) }), 'regions[0].postgres.patroni.ttl', /seconds\(21\)/],
      [patroni({ primaryStartTimeout: seconds(0.5) }), 'regions[0].postgres.patroni.primaryStartTimeout', /whole/],
    ],
  },
  'patroni-floors': {
    keeps: patroni({ ttl: seconds(20), loopWait: seconds(1), retryTimeout: seconds(3) }),
    breaks: [
      [patroni({ ttl: seconds(15) }), 'regions[0].postgres.patroni.ttl', /seconds\(20\)/],
      [patroni({ loopWait: seconds(0) }), 'regions[0].postgres.patroni.loopWait', /seconds\(1\)/],
      [patroni({ retryTimeout: seconds(2) }), 'regions[0].postgres.patroni.retryTimeout', /seconds\(3\)/],
    ],
  },
  'patroni-lease-covers-retries': {
    keeps: patroni({ loopWait: seconds(2), retryTimeout: seconds(9) }, GENEROUS),
    breaks: [[patroni({ loopWait: seconds(1), retryTimeout: seconds(10) }), 'regions[0].postgres.patroni', /21 s > ttl 20 s.*retryTimeout to 9 s/s]],
  },
  'supervision-beats-the-lease': {
    keeps: postgres({ supervision: { probeFailures: 10 } }),
    breaks: [
      [postgres({ supervision: { probeFailures: 14 } }), 'regions[0].postgres.supervision', /19 s that are left/],
      [postgres({ supervision: { probeTimeout: seconds(6) } }), 'regions[0].postgres.supervision', /probeTimeout/],
    ],
  },
  'intervals-are-positive': {
    keeps: withRegion({ follower: { pollInterval: seconds(0.1) } }),
    breaks: [
      [withRegion({ follower: { pollInterval: seconds(0) } }), 'regions[0].follower.pollInterval', /> 0 s/],
      [withRegion({ pooler: { serverLoginRetry: seconds(0) } }), 'regions[0].pooler.serverLoginRetry', /> 0 s/],
      [postgres({ supervision: { probeInterval: seconds(0) } }), 'regions[0].postgres.supervision.probeInterval', /> 0 s/],
      [postgres({ supervision: { probeFailures: 0 } }), 'regions[0].postgres.supervision.probeFailures', />= 1/],
    ],
  },
  'reserved-parameters': {
    keeps: postgres({ parameters: { work_mem: '16MB', max_wal_size: '4GB', random_page_cost: 1.1 } }),
    breaks: [
      [postgres({ parameters: { fsync: false } }), 'regions[0].postgres.parameters.fsync', /remove it/],
      [postgres({ parameters: { Max_Connections: 10 } }), 'regions[0].postgres.parameters.Max_Connections', /postgres\.maxConnections/],
    ],
  },
  'parameters-are-well-formed': {
    keeps: postgres({ parameters: { 'pg_stat_statements.max': 1000 } }),
    breaks: [
      [postgres({ parameters: { 'work mem': '1MB' } }), 'regions[0].postgres.parameters.work mem', /SHOW ALL/],
      [postgres({ parameters: { work_mem: "1MB\nfsync = 'off'" } }), 'regions[0].postgres.parameters.work_mem', /control characters/],
    ],
  },
  'database-names': {
    keeps: postgres({ database: 'orders', applicationRole: 'orders_app' }),
    breaks: [
      [postgres({ database: 'postgres' }), 'regions[0].postgres.database', /none of postgres/],
      [postgres({ applicationRole: 'pg_app' }), 'regions[0].postgres.applicationRole', /pg_/],
      [postgres({ applicationRole: 'app; drop table x' }), 'regions[0].postgres.applicationRole', /lower-case/],
    ],
  },
  'shared-buffers-leave-room': {
    keeps: postgres({ sharedBuffers: mebibytes(800), resources: { memory: mebibytes(2000) } }),
    breaks: [[postgres({ sharedBuffers: mebibytes(801), resources: { memory: mebibytes(2000) } }), 'regions[0].postgres.sharedBuffers', /<= 800 MiB/]],
  },
  'pools-fit-max-connections': {
    keeps: withRegion({ pooler: { poolSize: 47 } }),
    breaks: [
      [withRegion({ pooler: { poolSize: 48 } }), 'regions[0].pooler.poolSize', /4 poolers .* x 48 \+ 12 reserved = 204 .*at most 47/s],
      [withRegion({ pooler: { replicasPerAz: 2 } }), 'regions[0].pooler.poolSize', /7 poolers/],
    ],
  },
  'poolers-serve-clients': {
    keeps: withRegion({ pooler: { poolSize: 10, maxClientConnections: 10 } }),
    breaks: [
      [withRegion({ pooler: { replicasPerAz: 0 } }), 'regions[0].pooler.replicasPerAz', />= 1/],
      [withRegion({ pooler: { poolSize: 0 } }), 'regions[0].pooler.poolSize', />= 1/],
      [withRegion({ pooler: { maxClientConnections: 20 } }), 'regions[0].pooler.maxClientConnections', /at least 40/],
    ],
  },
  'certificates-renew-in-time': {
    keeps: environmentWith({ certificates: { lifetime: hours(1), renewBefore: minutes(5) } }),
    breaks: [
      [environmentWith({ certificates: { renewBefore: days(90) } }), 'certificates.renewBefore', /less than lifetime/],
      [environmentWith({ certificates: { renewBefore: seconds(0) } }), 'certificates.renewBefore', /at least 5 min/],
      [environmentWith({ certificates: { lifetime: minutes(30), renewBefore: minutes(10) } }), 'certificates.lifetime', />= 1 h/],
    ],
  },
  'rotations-end': {
    keeps: environmentWith({ rotation: { databaseEvery: days(1), grace: hours(12) } }),
    breaks: [
      [environmentWith({ rotation: { databaseEvery: hours(6) } }), 'rotation.databaseEvery', /whole days/],
      [environmentWith({ rotation: { databaseEvery: hours(36) } }), 'rotation.databaseEvery', /whole days/],
      [environmentWith({ rotation: { databaseEvery: days(120) } }), 'rotation.databaseEvery', /from 1 to 90/],
      [environmentWith({ rotation: { grace: seconds(10) } }), 'rotation.grace', />= 60 s/],
      [environmentWith({ rotation: { databaseEvery: days(1), grace: hours(13) } }), 'rotation.grace', /at most half/],
    ],
  },
  'backups-are-kept': {
    keeps: environmentWith({ backups: { retentionDays: 1 } }),
    breaks: [[environmentWith({ backups: { retentionDays: 0 } }), 'backups.retentionDays', />= 1/]],
  },
  'object-lock-within-retention': {
    keeps: environmentWith({ backups: { retentionDays: 14, objectLockDays: 14 } }),
    breaks: [[environmentWith({ backups: { retentionDays: 7, objectLockDays: 14 } }), 'backups.objectLockDays', /at most 7/]],
  },
  'backup-replication-needs-a-standby': {
    keeps: { ...withStandby({}), backups: { replicateToStandby: true } },
    breaks: [[environmentWith({ backups: { replicateToStandby: true } }), 'backups.replicateToStandby', /standby region/]],
  },
  'backup-schedules': {
    keeps: environmentWith({ backups: { fullSchedule: '30 1 * * 0', differentialSchedule: '0 */6 * * 1-6', verifySchedule: '0 4,16 1-7/2 * *' } }),
    breaks: [
      [environmentWith({ backups: { fullSchedule: 'every night' } }), 'backups.fullSchedule', /day of week/],
      [environmentWith({ backups: { differentialSchedule: '0 24 * * *' } }), 'backups.differentialSchedule', /0 1 \* \* 0/],
      [environmentWith({ backups: { verifySchedule: '0 4 * *' } }), 'backups.verifySchedule', /UTC/],
    ],
  },
  'one-copy-of-the-backups': {
    keeps: { ...withStandby({}), backups: { secondRepository: true } },
    breaks: [
      [environmentWith({ backups: { secondRepository: true } }), 'backups.secondRepository', /standby region/],
      [{ ...withStandby({}), backups: { secondRepository: true, replicateToStandby: true } }, 'backups.replicateToStandby', /one of the two/],
    ],
  },
  'archive-is-bounded': {
    keeps: environmentWith({ backups: { archiveTimeout: seconds(10), processMax: 1 } }),
    breaks: [
      [environmentWith({ backups: { archiveTimeout: seconds(0) } }), 'backups.archiveTimeout', /minutes\(1\)/],
      [environmentWith({ backups: { archiveTimeout: seconds(1.5) } }), 'backups.archiveTimeout', /whole seconds/],
      [environmentWith({ backups: { processMax: 0 } }), 'backups.processMax', /1 to 64/],
    ],
  },
  'verification-is-watched': {
    keeps: environmentWith({ backups: { newestVerifiedMaxAge: days(7) } }),
    breaks: [
      [environmentWith({ backups: { newestVerifiedMaxAge: minutes(10) } }), 'backups.newestVerifiedMaxAge', /1 h to 168 h/],
      [environmentWith({ backups: { newestVerifiedMaxAge: days(8) } }), 'backups.newestVerifiedMaxAge', /hours\(48\)/],
    ],
  },
  'delayed-replica-is-behind': {
    keeps: environmentWith({ backups: { delayedReplica: { delay: hours(1) } } }),
    breaks: [
      [environmentWith({ backups: { delayedReplica: { delay: seconds(0) } } }), 'backups.delayedReplica.delay', /or null/],
      [environmentWith({ backups: { retentionDays: 1, delayedReplica: { delay: days(2) } } }), 'backups.delayedReplica.delay', /1 days/],
    ],
  },
  'maintenance-names': {
    keeps: retention({ table: 'pouw.receipts', archiveTo: 'archive.receipts_2026' }),
    breaks: [
      [retention({ table: 'Receipts' }), 'maintenance.retention[0].table', /lower-case/],
      [retention({ table: 'a.b.c' }), 'maintenance.retention[0].table', /schema\.table/],
      [retention({ table: 'pg_class' }), 'maintenance.retention[0].table', /pg_\*/],
      [retention({ table: 'receipts; DROP TABLE receipts' }), 'maintenance.retention[0].table', /plain|application/],
      [retention({ column: 'now()' }), 'maintenance.retention[0].column', /lower-case/],
      [retention({ archiveTo: 'x"y' }), 'maintenance.retention[0].archiveTo', /schema\.table/],
    ],
  },
  'archives-are-elsewhere': {
    keeps: retention({ archiveTo: 'archive.receipts' }, { table: 'receipts_archive', archiveTo: null }),
    breaks: [
      [retention({ archiveTo: 'receipts' }), 'maintenance.retention[0].archiveTo', /receipts_archive/],
      [retention({ archiveTo: 'public.receipts' }), 'maintenance.retention[0].archiveTo', /the table itself/],
      [retention({}, { table: 'public.receipts', archiveTo: null }), 'maintenance.retention[1].table', /second time/],
    ],
  },
  'retention-is-long-enough': {
    keeps: retention({ olderThan: hours(1) }),
    breaks: [
      [retention({ olderThan: seconds(0) }), 'maintenance.retention[0].olderThan', /days\(7\)/],
      [retention({ olderThan: minutes(59) }), 'maintenance.retention[0].olderThan', />= 3600 s/],
    ],
  },
  'maintenance-tasks-are-distinct': {
    keeps: retention({ table: 'a_b' }, { table: 'a_c' }),
    breaks: [
      [retention({ table: 'a_b' }, { table: 'a.b', archiveTo: 'a_archive' }), 'maintenance.retention[1].table', /archive-a-b.*second time/],
      [retention({ table: `t${'x'.repeat(40)}` }), 'maintenance.retention[0].table', /shorter/],
    ],
  },
  'maintenance-is-bounded': {
    keeps: maintenance({ batchSize: 50_000, batchPause: seconds(0), timeLimit: minutes(59), vacuum: 'hour' }),
    breaks: [
      [maintenance({ batchSize: 0 }), 'maintenance.batchSize', /use 1000/],
      [maintenance({ batchSize: 50_001 }), 'maintenance.batchSize', /1 to 50000/],
      [maintenance({ batchPause: seconds(61) }), 'maintenance.batchPause', /0 to 60/],
      [maintenance({ statementTimeout: seconds(0.5) }), 'maintenance.statementTimeout', />= 1 s/],
      [maintenance({ lockTimeout: seconds(30) }), 'maintenance.lockTimeout', /less than statementTimeout/],
      [maintenance({ timeLimit: minutes(60), vacuum: 'hour' }), 'maintenance.timeLimit', /"vacuum" every hour/],
      [maintenance({ timeLimit: seconds(59) }), 'maintenance.timeLimit', /60 s to less/],
    ],
  },
  'cache-has-a-majority': {
    keeps: cache({ shards: 3 }),
    breaks: [
      [cache({ shards: 2 }), 'cache.shards', /use 3/],
      [cache({ shards: 301 }), 'cache.shards', /3 to 300/],
    ],
  },
  'cache-survives-a-zone-loss': {
    keeps: cache({ shards: 6, maxMemory: mebibytes(256), resources: { memory: mebibytes(512) } }),
    breaks: [
      [cache({ shards: 4 }), 'cache.shards', /leaves 2 masters of the 3 that a majority needs/],
      [{ ...withRegion({ ...ROOMY, zones: zones('ab') }), cache: {} }, 'cache.shards', /use 2 shards|multiple of 2/],
    ],
  },
  'cache-copies-are-apart': {
    keeps: cache({ replicasPerMaster: 2 }),
    breaks: [[{ ...withRegion({ ...ROOMY, zones: zones('ab') }), cache: {} }, 'cache.replicasPerMaster', /as many AZs as copies/]],
  },
  'cache-stays-writable': {
    keeps: cache({ replicasPerMaster: 1, minReplicasToWrite: 0 }, LOSSY),
    breaks: [
      [cache({ replicasPerMaster: 1, minReplicasToWrite: 1 }, LOSSY), 'cache.minReplicasToWrite', /use 0, or replicasPerMaster 2/],
      [cache({ minReplicasToWrite: 2 }), 'cache.minReplicasToWrite', /0 to 1/],
    ],
  },
  'cache-zero-loss-needs-two-replicas': {
    keeps: cache({ replicasPerMaster: 2, minReplicasToWrite: 1 }),
    breaks: [
      [cache({ replicasPerMaster: 1, minReplicasToWrite: 0 }), 'cache.replicasPerMaster', /every scenario of the cache/],
      [cache({ minReplicasToWrite: 0 }), 'cache.minReplicasToWrite', /cut off stops accepting/],
    ],
  },
  'cache-timeouts': {
    keeps: cache({ nodeTimeout: seconds(1.5) }, GENEROUS),
    breaks: [
      [cache({ nodeTimeout: seconds(0.5) }), 'cache.nodeTimeout', /1 s to 15 s/],
      [cache({ nodeTimeout: seconds(1.00001) }), 'cache.nodeTimeout', /use seconds\(1\)/],
      [cache({ minReplicasMaxLag: seconds(1.5) }), 'cache.minReplicasMaxLag', /whole seconds/],
      [cache({ keeper: { checkInterval: seconds(0) } }), 'cache.keeper.checkInterval', /> 0 s/],
    ],
  },
  'cache-memory-fits': {
    keeps: cache({ maxMemory: mebibytes(1024), resources: { memory: mebibytes(1536) }, storage: gibibytes(3) }),
    breaks: [
      [cache({ maxMemory: mebibytes(1025), resources: { memory: mebibytes(1536) } }), 'cache.maxMemory', /at most 1024 MiB/],
      [cache({ storage: gibibytes(2) }), 'cache.storage', /gibibytes\(3\)/],
      [cache({ memoryAlertPercent: 100 }), 'cache.memoryAlertPercent', /1 to 99/],
    ],
  },
  'cache-limits-cover-requests': {
    keeps: cache({ resources: { cpu: millicores(500), cpuLimit: millicores(500) } }),
    breaks: [
      [cache({ resources: { cpu: millicores(500), cpuLimit: millicores(400) } }), 'cache.resources.cpuLimit', />= cpu/],
      [cache({ keeper: { resources: { cpu: millicores(600) } } }), 'cache.keeper.resources.cpuLimit', /600m/],
    ],
  },
  'image-digests-are-digests': {
    keeps: environmentWith({ imageDigests: { coredns: `sha256:${'0'.repeat(64)}` } }),
    breaks: [
      [environmentWith({ imageDigests: { rollouts: 'v1.10.2' } }), 'imageDigests.rollouts', /"v1\.10\.2".*imagetools inspect/],
      [environmentWith({ imageDigests: { base: `sha256:${'0'.repeat(63)}` } }), 'imageDigests.base', /64 hexadecimal/],
    ],
  },
  'acme-names-are-in-the-zone': {
    keeps: acme({ names: ['example.com', '*.example.com', 'api.eu.example.com'] }),
    breaks: [
      [{ ...acme({}), dns: null }, 'acme', /add dns/],
      [acme({ names: [] }), 'acme.names', /1 to 100/],
      [acme({ names: ['api.example.org'] }), 'acme.names[0]', /use "api\.example\.com"/],
      [acme({ names: ['api.notexample.com'] }), 'acme.names[0]', /in the zone "example\.com"/],
      [acme({ names: ['api.example.com.'] }), 'acme.names[0]', /without a final dot/],
      [acme({ names: ['*.*.example.com'] }), 'acme.names[0]', /one label below/],
      [acme({ names: ['a.example.com', 'a.example.com'] }), 'acme.names[1]', /a second time/],
    ],
  },
  'acme-authority': {
    keeps: acme({ directory: 'https://ca.example.com:14000/dir' }),
    breaks: [
      [acme({ directory: 'http://ca.example.com/dir' }), 'acme.directory', /https/],
      [acme({ directory: 'letsencrypt' }), 'acme.directory', /acme-v02/],
      [acme({ contact: 'somebody' }), 'acme.contact', /e-mail/],
    ],
  },
  'acme-renews-in-time': {
    keeps: acme({ lifetime: days(31), renewBefore: days(30), checkEvery: days(1), retryEvery: days(8) }),
    breaks: [
      [acme({ renewBefore: days(90) }), 'acme.renewBefore', /use a third of the lifetime, seconds\(2592000\)/],
      [acme({ checkEvery: days(2) }), 'acme.checkEvery', /ends between two looks/],
      [acme({ checkEvery: seconds(0) }), 'acme.checkEvery', /more than 0 s/],
      [acme({ retryEvery: days(9) }), 'acme.retryEvery', /two tries/],
      [acme({ retryEvery: seconds(0) }), 'acme.retryEvery', /more than 0 s/],
    ],
  },
  'acme-thresholds-are-in-order': {
    keeps: acme({ thresholds: { warning: days(30), high: days(3), critical: days(2) } }),
    breaks: [
      [acme({ thresholds: { high: days(7) } }), 'acme.thresholds', /each less than the one before/],
      [acme({ thresholds: { emergency: seconds(0) } }), 'acme.thresholds', /more than 0 s/],
      [acme({ renewBefore: days(20) }), 'acme.thresholds.warning', /a sound certificate would be complained of/],
    ],
  },
  'clock-sources-outvote-a-wrong-one': {
    keeps: clocks({ sources: ['169.254.169.123', 'fd00:ec2::123', 'time.aws.com'] }),
    breaks: [
      [clocks({ sources: ['time.aws.com', 'time.google.com'] }), 'clocks.sources', /nobody can tell which one is wrong/],
      [clocks({ sources: ['time.aws.com', 'time.google.com', 'time.aws.com'] }), 'clocks.sources', /2 different ones/],
      [clocks({ sources: ['time.aws.com:123', 'a.example.com', 'b.example.com'] }), 'clocks.sources[0]', /without a port/],
      [clocks({ sources: ['a.example.com', 'b.example.com', 'c.example.com', 'a.example.com'] }), 'clocks.sources[3]', /a second time/],
    ],
  },
  'clock-offset-is-bounded': {
    keeps: clocks({ maxOffset: seconds(0.01), checkEvery: seconds(600) }),
    breaks: [
      [clocks({ maxOffset: seconds(2) }), 'clocks.maxOffset', /use seconds\(1\)/],
      [clocks({ maxOffset: seconds(0) }), 'clocks.maxOffset', /measurement’s own error/],
      [clocks({ checkEvery: seconds(0.5) }), 'clocks.checkEvery', /1 s to 600 s/],
    ],
  },
  'dns-names': {
    keeps: dns({ applicationName: 'a', writerName: 'b' }),
    breaks: [
      [dns({ zoneName: 'example.com.' }), 'dns.zoneName', /without a final dot/],
      [dns({ zoneName: 'example' }), 'dns.zoneName', /two lower-case labels/],
      [dns({ zoneId: '/hostedzone/Z1' }), 'dns.zoneId', /list-hosted-zones/],
      [dns({ applicationName: 'a.b' }), 'dns.applicationName', /one label/],
      [dns({ writerName: 'app' }), 'dns.writerName', /another name/],
    ],
  },
  'dns-preferences-exist': {
    keeps: dns({ preferences: { NA: 'eu-central-1' } }),
    breaks: [[dns({ preferences: { NA: 'us-east-1' } }), 'dns.preferences.NA', /"eu-central-1"/]],
  },
  'dns-health-checks': {
    keeps: dns({ ttl: seconds(1), healthChecks: { interval: seconds(30), failureThreshold: 10, switchThreshold: 1 } }),
    breaks: [
      [dns({ healthChecks: { interval: seconds(5) } }), 'dns.healthChecks.interval', /10 or 30/],
      [dns({ healthChecks: { failureThreshold: 0 } }), 'dns.healthChecks.failureThreshold', /1 to 10/],
      [dns({ healthChecks: { switchThreshold: 11 } }), 'dns.healthChecks.switchThreshold', /1 to 10/],
      [dns({ ttl: seconds(300) }), 'dns.ttl', /1 to 60/],
    ],
  },
  'failover-has-parts': {
    keeps: failover({}),
    breaks: [
      [failover({}, { dns: null }), 'failover', /zoneId/],
      [environmentWith({ dns: ZONE, failover: OUTSIDE }), 'failover', /role "standby"/],
    ],
  },
  'failover-lives-outside': {
    keeps: failover({ switchRegions: ['us-east-2', 'us-west-2', 'eu-west-2'] }),
    breaks: [
      [failover({ leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-central-1'] }), 'failover.leaseRegions', /without workloads/],
      [failover({ switchRegions: ['eu-west-1', 'eu-west-1', 'us-west-2'] }), 'failover.switchRegions', /two of them agree/],
      [failover({ switchRegions: ['eu-west-1', 'mars-1', 'us-west-2'] }), 'failover.switchRegions', /names of AWS regions/],
      [failover({ witness: 'eu-central-1' }), 'failover.witness', /can neither fence it nor decide/],
    ],
  },
  'lease-is-strongly-consistent': {
    keeps: failover({ witness: 'eu-west-2' }),
    breaks: [
      [failover({ leaseRegions: ['eu-west-1', 'eu-west-2', 'us-west-2'] }), 'failover.leaseRegions', /three of one of these sets/],
      [failover({ witness: 'eu-west-3' }), 'failover.witness', /first two/],
    ],
  },
  'region-lease-is-renewed-in-time': {
    keeps: failover({
      lease: { duration: seconds(3), renewEvery: seconds(1), requestTimeout: seconds(1), margin: seconds(1) },
      decision: { silentAfter: seconds(2) },
    }),
    breaks: [
      [failover({ lease: { renewEvery: seconds(4) } }), 'failover.lease.renewEvery', /a third of the duration/],
      [failover({ lease: { requestTimeout: seconds(3) } }), 'failover.lease.requestTimeout', /at most failover\.lease\.renewEvery/],
      [failover({ lease: { margin: seconds(0.5) } }), 'failover.lease.margin', /two clocks/],
      [failover({ decision: { silentAfter: seconds(3) } }), 'failover.decision.silentAfter', /no silence/],
    ],
  },
  'decisions-are-confirmed': {
    keeps: failover({ decision: { signals: 4, ticks: 2, every: seconds(1) } }),
    breaks: [
      [failover({ decision: { signals: 2 } }), 'failover.decision.signals', /link between regions/],
      [failover({ decision: { ticks: 1 } }), 'failover.decision.ticks', /2 to 60/],
      [failover({ decision: { every: seconds(60) } }), 'failover.decision.every', /1 to 30/],
      [failover({ maxLag: seconds(0) }), 'failover.maxLag', /more than 0/],
      [failover({ cooldown: seconds(10) }), 'failover.cooldown', /no flapping/],
      [failover({ approvalTimeout: seconds(10) }), 'failover.approvalTimeout', /wake up/],
    ],
  },
  'loss-when-cut-off-is-promised': {
    keeps: failover({}),
    breaks: [
      [failover({}, { objectives: { 'region-isolated': { rpo: seconds(12) } } }), 'objectives.region-isolated.rpo', />= 13 s/],
      [failover({ lease: { duration: seconds(20) } }), 'objectives.region-isolated.rpo', />= 23 s/],
    ],
  },
  'drills-are-distinct': {
    keeps: drills({}, { drill: 'primary-node-dies', every: 'month' }, { drill: 'az-lost' }),
    breaks: [
      [drills({}, { drill: 'switchover' }, { drill: 'switchover' }), 'drills[1].drill', /a second time/],
      [drills({}, { drill: 'redis-master-dies' }), 'drills[0].drill', /there is no cache/],
    ],
  },
  'drills-keep-their-radius': {
    keeps: drills({ blastRadius: 'node' }, { drill: 'primary-node-dies' }, { drill: 'switchover' }),
    breaks: [[drills({ blastRadius: 'node' }, { drill: 'primary-node-dies' }, { drill: 'az-lost' }), 'drills[1].drill', /takes away a zone.*at most a node/s]],
  },
  'drills-build-up': {
    keeps: drills({}, { drill: 'primary-node-dies', every: 'quarter' }, { drill: 'az-lost', every: 'quarter' }),
    breaks: [
      [drills({}, { drill: 'az-lost' }), 'drills[0]', /without "primary-node-dies"/],
      [drills({}, { drill: 'primary-node-dies', every: 'year' }, { drill: 'az-lost', every: 'quarter' }), 'drills[1]', /only every year/],
    ],
  },
  'drill-calendar-has-room': {
    keeps: drills({ timeZone: 'America/New_York', weekdays: ['wed'], fromHour: 23, toHour: 24 }, NODE),
    breaks: [
      [drills({ timeZone: 'Europe/Frankfurt' }, NODE), 'drillPolicy.timeZone', /"Europe\/Frankfurt".*IANA/],
      [drills({ weekdays: [] }, NODE), 'drillPolicy.weekdays', /at least one of mon/],
      [drills({ weekdays: ['tue', 'tue'] }, NODE), 'drillPolicy.weekdays', /each once/],
      [drills({ fromHour: 15, toHour: 9 }, NODE), 'drillPolicy.toHour', /from 15 to 9/],
      [drills({ fromHour: 15, toHour: 25 }, NODE), 'drillPolicy.toHour', /at most 24/],
      [
        drills({ weekdays: ['tue'], fromHour: 9, toHour: 10 }, NODE, { drill: 'switchover' }),
        'drillPolicy.weekdays',
        /room for 1 drill a week .* with 2 on the schedule/,
      ],
    ],
  },
  'blackouts-are-days': {
    keeps: drills({ blackouts: [{ from: '2028-02-29', to: '2028-02-29', because: 'leap day' }] }, NODE),
    breaks: [
      [drills({ blackouts: [{ from: '2026-02-29', to: '2026-03-01', because: 'no such day' }] }, NODE), 'drillPolicy.blackouts[0]', /days that exist/],
      [drills({ blackouts: [{ from: '1.12.2026', to: '2.12.2026', because: 'sale' }] }, NODE), 'drillPolicy.blackouts[0]', /YYYY-MM-DD/],
      [drills({ blackouts: [{ from: '2026-12-02', to: '2026-12-01', because: 'sale' }] }, NODE), 'drillPolicy.blackouts[0]', /swap/],
      [drills({ blackouts: [{ from: '2026-01-01', to: '2026-12-31', because: 'never' }] }, NODE), 'drillPolicy.blackouts[0]', /shorten/],
      [drills({ blackouts: [{ from: '2026-12-01', to: '2026-12-02', because: ' ' }] }, NODE), 'drillPolicy.blackouts[0].because', /say why/],
    ],
  },
  'drills-end': {
    keeps: drills({ longest: minutes(10), grace: days(7) }, NODE),
    breaks: [
      [drills({ longest: minutes(5) }, NODE), 'drillPolicy.longest', /600 to 14400/],
      [drills({ longest: seconds(630) }, NODE), 'drillPolicy.longest', /whole minutes/],
      [drills({ grace: days(1) }, NODE), 'drillPolicy.grace', /a week/],
      [
        { ...drills({ longest: minutes(10) }, NODE), objectives: { 'primary-node-dies': { rto: minutes(6) } } },
        'drills[0].drill',
        /twice its objective: 720 s/,
      ],
    ],
  },
  'evidence-is-kept': {
    keeps: drills({ evidenceYears: 10, evidenceLock: 'compliance' }, NODE),
    breaks: [
      [drills({ trustedKeys: ['sha256:abc'] }, NODE), 'drillPolicy.trustedKeys[0]', /64 hexadecimal digits/],
      [drills({ evidenceYears: 0 }, NODE), 'drillPolicy.evidenceYears', /1 to 10/],
      [drills({ evidenceYears: 30 }, NODE), 'drillPolicy.evidenceYears', /1 to 10/],
      [{ ...drills({ evidenceLock: 'compliance' }, NODE), retainData: false }, 'drillPolicy.evidenceLock', /for years/],
    ],
  },
  'stop-alarms-are-names': {
    keeps: drills({ stopAlarms: ['checkout-errors'] }, NODE),
    breaks: [
      [drills({ stopAlarms: [' '] }, NODE), 'drillPolicy.stopAlarms[0]', /the name of an alarm/],
      [drills({ stopAlarms: ['a', 'a'] }, NODE), 'drillPolicy.stopAlarms[1]', /once/],
      [drills({ stopAlarms: ['arn:aws:cloudwatch:eu-central-1:1:alarm:a'] }, NODE), 'drillPolicy.stopAlarms[0]', /not its ARN/],
    ],
  },
  ...EDGE_CASES,
  ...GATEWAY_CASES,
  ...WORKLOAD_CASES,
  'objectives-are-positive': {
    keeps: environmentWith({ objectives: { switchover: { rto: seconds(5) } } }),
    breaks: [[environmentWith({ objectives: { switchover: { rto: seconds(0) } } }), 'objectives.switchover.rto', /> 0 s/]],
  },
  'objectives-are-reachable': {
    keeps: patroni({ ttl: seconds(30), loopWait: seconds(10), retryTimeout: seconds(10) }, GENEROUS),
    breaks: [
      [
        patroni({ ttl: seconds(30), loopWait: seconds(10), retryTimeout: seconds(10) }),
        'regions[0].postgres.patroni.ttl',
        /primary-node-dies.*stage "lease expiry", postgres\.patroni\.ttl/s,
      ],
      [withRegion({ etcd: { leaderAwayFromPrimary: false } }), 'regions[0].etcd.leaderAwayFromPrimary', /stage "etcd leader elected, lease re-armed"/],
      [withRegion({ follower: { pollInterval: seconds(10) } }), 'regions[0].follower.pollInterval', /stage "routing"/],
      [withRegion({ pooler: { serverConnectTimeout: seconds(15) } }), 'regions[0].pooler.serverConnectTimeout', /stage "client retry"/],
      [patroni({ primaryStartTimeout: seconds(300) }), 'regions[0].postgres.patroni.primaryStartTimeout', /postgres-killed/],
      [
        environmentWith({ objectives: { 'az-lost': { rto: seconds(15) } } }),
        'objectives.az-lost.rto',
        /no change of settings alone is enough; or raise objectives\.az-lost\.rto/,
      ],
      [environmentWith({ objectives: { 'patroni-killed': { rto: seconds(0.9) } } }), 'regions[0].pooler.serverLoginRetry', /patroni-killed may take/],
    ],
  },
};

describe.each(RULES.map((rule) => [rule.name, rule.title] as const))('rule %s: %s', (name) => {
  const { keeps, breaks } = CASES[name] ?? { keeps: environmentWith(), breaks: [] };

  test('is kept by an environment at its edge', () => expect(violationsOf(keeps)).toEqual([]));
  test('is broken by something', () => expect(breaks).not.toEqual([]));
  test.each(breaks.map(([input, path, says]) => [path, says, input] as const))('is broken at %s, and says %s', (path, says, input) => {
    const found = violationsOf(input).filter((violation) => violation.rule === name);
    expect(found.map((violation) => violation.path)).toContain(path);
    expect(found.map((v) => `${v.given}; ${v.allowed}; ${v.fix}`).join('\n')).toMatch(says);
  });
});

describe('the rules', () => {
  test('have names of their own, kebab-case, and every tested rule exists', () => {
    const names = RULES.map((rule) => rule.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(Object.keys(CASES).filter((name) => !names.includes(name))).toEqual([]);
  });

  test('are reported all at once, with unknown keys', () => {
    const input = {
      ...environmentWith({
        name: 'Bad',
        account: '1',
        regions: [regionWith({ zones: zones('ab'), etcd: { members: 2 } }), standbyWith({ name: 'nowhere-1', role: 'home' })],
      }),
      colour: 'blue',
    };
    expect(new Set(violationsOf(input).map((violation) => violation.rule))).toEqual(
      new Set([
        'no-unknown-keys',
        'environment-name',
        'account-is-an-id',
        'one-home-region',
        'regions-exist',
        'zones-belong-to-their-region',
        'three-zones',
        'etcd-members-are-odd',
        'no-zone-holds-an-etcd-majority',
        'synchronous-standby-survives-a-zone-loss',
      ]),
    );
  });

  test('judge a region that settings of `everyRegion` make wrong', () =>
    expect(violationsOf({ ...withStandby({}), everyRegion: { etcd: { members: 4 } } }).map((v) => [v.rule, v.path])).toEqual(
      expect.arrayContaining([
        ['etcd-members-are-odd', 'regions[0].etcd.members'],
        ['etcd-members-are-odd', 'regions[1].etcd.members'],
      ]),
    ));
});
