/** What follows from a region: names, quorums, member lists. Pure; every projection uses these, so that no name is built twice. */
import { partitionOf } from './aws-regions';
import type { Environment, Region } from './types';

/** `eu-central-1` -> `euc1`: unique per AWS region, used in names that must differ between regions. */
export const regionCode = (name: string): string => {
  const [area, direction, index] = splitRegionName(name);
  const letters = direction.replace(/north|south|east|west|central/g, (d) => d[0] ?? '');
  return `${area.replace(/-/g, '')}${letters}${index}`;
};

const splitRegionName = (name: string): [area: string, direction: string, index: string] => {
  const match = /^([a-z]{2}(?:-gov|-iso[a-z]?)?)-([a-z]+)-(\d+)$/.exec(name);
  if (!match) throw new Error(`not an AWS region name: ${name}`);
  return [match[1] ?? '', match[2] ?? '', match[3] ?? ''];
};

/** Environments of this name are run in a lab, and are not deployed to AWS: their sizes fit one machine. */
export const isLab = ({ name }: { readonly name: string }): boolean => name === 'lab' || name.startsWith('lab-');

export const homeRegion = (environment: Environment): Region => {
  const home = environment.regions.find((r) => r.role === 'home');
  if (!home) throw new Error(`environment "${environment.name}" has no home region`);
  return home;
};

/** How many of `n` voting members make a majority. */
export const majority = (n: number): number => Math.floor(n / 2) + 1;

export const NAMESPACE = 'data';
/** Workloads that users bring, and the gateway in front of them. */
export const APPLICATION_NAMESPACE = 'applications';
/** Controllers of ours that look after workloads. */
export const SYSTEM_NAMESPACE = 'holdfast-system';
/** What `needs` of a workload may name besides other workloads. */
export const WORKLOAD_RESOURCES = ['database', 'cache'] as const;
export const etcdMemberNames = (region: Region): readonly string[] => range(region.etcd.members).map((i) => `etcd-${i}`);
export const etcdHost = (member: string): string => `${member}.etcd.${NAMESPACE}.svc.cluster.local`;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
export const etcdEndpoints = (region: Region): readonly string[] => etcdMemberNames(region).map((m) => `https://${etcdHost(m)}:${ETCD_CLIENT_PORT}`);

/** The StatefulSet of PostgreSQL; carries the region, because member names must be unique over both regions' clusters. */
export const postgresName = (region: Region): string => `pg-${regionCode(region.name)}`;
export const postgresMemberCount = (region: Region): number => region.zones.length * region.postgres.membersPerAz;
export const postgresMemberNames = (region: Region): readonly string[] => range(postgresMemberCount(region)).map((i) => `${postgresName(region)}-${i}`);
/** Of the write-ahead log, MiB; PostgreSQL's own default is 16. A primary that archives fills up its last segment when it ends, and every standby has to receive that before another one may lead. */
export const WAL_SEGMENT_MEBIBYTES = 4;
export const PATRONI_NAMESPACE = '/service/';
/** Patroni's scope: the cluster's name in etcd, one for the whole environment. */
export const patroniScope = (environment: Environment): string => environment.name;
export const leaderKey = (environment: Environment): string => `${PATRONI_NAMESPACE}${patroniScope(environment)}/leader`;
/** Patroni's dynamic configuration. */
export const configKey = (environment: Environment): string => `${PATRONI_NAMESPACE}${patroniScope(environment)}/config`;
export const memberKey = (environment: Environment, member: string): string => `${PATRONI_NAMESPACE}${patroniScope(environment)}/members/${member}`;
export const POSTGRES_PORT = 5432;
export const PATRONI_PORT = 8008;
export const POOLER_PORT = 6432;

/** The AWS Secrets Manager secret with the passwords of PostgreSQL's roles, one JSON object with the keys of `POSTGRES_SECRET_KEYS`. */
export const postgresSecretName = (environment: Environment, region: Region): string => `holdfast/${environment.name}/${region.name}/postgres`;
export const POSTGRES_SECRET_KEYS = [
  'superuser-password',
  'replication-password',
  'rewind-password',
  'application-password',
  // Encrypts the backup repositories. Never rotated: what was written with it can only be read with it.
  'backup-cipher',
] as const;

/** pgBackRest's name for this cluster in its repositories: one for the whole environment, whichever region writes. */
export const backupStanza = (environment: Environment): string => environment.name;
/** The regions whose buckets are repositories of a region's cluster, its own first. Every bucket is laid out alike, so that a promoted region goes on in its own. */
export const repositoryRegions = (environment: Environment, region: Region): readonly Region[] =>
  environment.backups.secondRepository ? [region, ...environment.regions.filter((r) => r !== region)] : [region];
/** The bucket of write-ahead log and backups; globally unique by its account id. */
export const backupBucketName = (environment: Environment, region: Region, account: string): string =>
  `holdfast-${environment.name}-${regionCode(region.name)}-backups-${account}`;
/** The role by which the database's pods reach the repositories; named, so that manifests can say it without asking AWS. */
export const backupRoleName = (environment: Environment, region: Region): string => `holdfast-${environment.name}-${regionCode(region.name)}-backups`;
/** The StatefulSet of the standby that stays behind. */
export const delayedReplicaName = (region: Region): string => `${postgresName(region)}-delayed`;
/** The ConfigMap that tells members what a restore wants of them; there only while one is under way. */
export const restoreRequestName = (region: Region): string => `${postgresName(region)}-restore`;
/** The topic that a region's alarms are sent to; named, so that manifests can say it without asking AWS. */
export const alertTopicName = ({ name }: Pick<Environment, 'name'>): string => `holdfast-${name}-alerts`;
export const alertTopicArn = (environment: Pick<Environment, 'name'>, region: Pick<Region, 'name'>, account: string): string =>
  `arn:${partitionOf(region.name) ?? 'aws'}:sns:${region.name}:${account}:${alertTopicName(environment)}`;
export const BACKUP_SERVER_PORT = 8432;

/** The same for the cache's users. */
export const cacheSecretName = (environment: Environment, region: Region): string => `holdfast/${environment.name}/${region.name}/cache`;
export const CACHE_SECRET_KEYS = ['application-password', 'replication-password', 'operator-password', 'synchroniser-password'] as const;

export const poolerCount = (region: Region): number => region.zones.length * region.pooler.replicasPerAz;

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
