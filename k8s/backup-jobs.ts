/** The pods of backup jobs: what they run, see and may use. Each is a CronJob; those without a schedule are suspended, and are templates that a command makes jobs of. */
import { type Container, type EnvVar, KubeCronJob, type PodSpec, Quantity, type Volume, type VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { ISOLATED_CONFIG_DIR, ISOLATED_FILES } from '../lib/services/isolated-postgres';
import { USERNAME_KEYS } from '../lib/services/rotation/roles';
import { SCRATCH_MOUNT, TLS_DIRS, tlsFiles } from '../lib/services/paths';
import { backupStanza, etcdEndpoints, NAMESPACE, PATRONI_NAMESPACE, patroniScope, POOLER_PORT, repositoryRegions } from '../lib/topology/derive';
import { mebibytes, millicores, storageQuantity } from '../lib/topology/units';
import { BACKUP_ENV, pgbackrestVolumes, repositoryMounts } from './backup-parts';
import type { ChartContext } from './data-chart';
import { CREDENTIAL_KEYS, CREDENTIALS_SECRET, labelsOf, REPOSITORY_ACCOUNT, STORAGE_CLASS, TLS_SECRETS } from './names';
import { configVolume, container, memoryVolume, podDefaults, readOnly, resources, secretEnv, tlsVolume } from './pods';
import { NEVER, ONE_AT_A_TIME } from './schedule';

export interface BackupJob {
  readonly name: string;
  /** What it works on besides the repositories. */
  readonly with?: 'etcd' | 'delayed-replica';
  /** A cron expression, UTC; null: on command only. */
  readonly schedule: string | null;
  readonly arguments: readonly string[];
  /** Restores an isolated copy: needs room, and its own configuration. */
  readonly isolated: boolean;
}

export const backupEnv = ({ environment, region }: ChartContext): EnvVar[] => [
  ...BACKUP_ENV,
  { name: 'HOLDFAST_STANZA', value: backupStanza(environment) },
  { name: 'HOLDFAST_REPOSITORIES', value: String(repositoryRegions(environment, region).length) },
  { name: 'HOLDFAST_DATABASE', value: region.postgres.database },
];

/** Where the cluster's keys are. */
const etcdEnv = ({ environment, region }: ChartContext): EnvVar[] => [
  { name: 'HOLDFAST_ETCD', value: etcdEndpoints(region).join(',') },
  { name: 'HOLDFAST_ETCD_TLS', value: TLS_DIRS.etcdClient },
  { name: 'HOLDFAST_ETCD_PREFIX', value: `${PATRONI_NAMESPACE}${patroniScope(environment)}/` },
];

/**
 * How rows that were extracted get into the live database: like an application's, through the pooler, as the role that owns the tables. And the certificate by
 * which the replica that stays behind lets a job in.
 */
const liveEnv = ({ region }: ChartContext): EnvVar[] => [
  { name: 'HOLDFAST_LIVE_HOST', value: `pgbouncer.${NAMESPACE}.svc.cluster.local` },
  { name: 'HOLDFAST_LIVE_PORT', value: String(POOLER_PORT) },
  // The login in use; the job takes the first of the pair where none was rotated yet.
  { name: 'HOLDFAST_APPLICATION_OWNER', value: region.postgres.applicationRole },
  { name: 'HOLDFAST_APPLICATION_ROLE', valueFrom: { secretKeyRef: { name: CREDENTIALS_SECRET, key: USERNAME_KEYS.application, optional: true } } },
  secretEnv('HOLDFAST_APPLICATION_PASSWORD', CREDENTIALS_SECRET, CREDENTIAL_KEYS.application),
  { name: 'HOLDFAST_CLIENT_TLS', value: TLS_DIRS.backupClient },
  { name: 'HOLDFAST_CA', value: tlsFiles(TLS_DIRS.backupClient).ca },
];

/** Where an isolated copy is. */
const cloneEnv: EnvVar[] = [
  { name: 'HOLDFAST_SCRATCH', value: SCRATCH_MOUNT },
  { name: 'HOLDFAST_CLONE_CONFIG', value: `${ISOLATED_CONFIG_DIR}/${ISOLATED_FILES.conf}` },
  { name: 'PGBACKREST_SPOOL_PATH', value: `${SCRATCH_MOUNT}/spool` },
];

/** A disk of the copy's own, gone with its pod. */
const scratch = ({ region, platform }: ChartContext): Volume =>
  platform.storage === 'local'
    ? { name: 'scratch', emptyDir: {} }
    : {
        name: 'scratch',
        ephemeral: {
          volumeClaimTemplate: {
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: STORAGE_CLASS,
              resources: { requests: { storage: Quantity.fromString(storageQuantity(region.postgres.storage)) } },
            },
          },
        },
      };

const volumesOf = (context: ChartContext, job: BackupJob): Volume[] => [
  ...pgbackrestVolumes(job.isolated ? 'backup-clone' : 'backup-job'),
  tlsVolume('backup-client-tls', TLS_SECRETS.backupClient),
  memoryVolume('tmp', 64),
  ...(job.with === 'etcd' ? [tlsVolume('etcd-client-tls', TLS_SECRETS.etcdClient)] : []),
  ...(job.isolated ? [configVolume('clone-configuration', 'backup-clone'), scratch(context), memoryVolume('shm', 128)] : []),
];

const mountsOf = (job: BackupJob): VolumeMount[] => [
  ...repositoryMounts,
  readOnly('backup-client-tls', TLS_DIRS.backupClient),
  { name: 'tmp', mountPath: '/tmp' },
  ...(job.with === 'etcd' ? [readOnly('etcd-client-tls', TLS_DIRS.etcdClient)] : []),
  ...(job.isolated
    ? [readOnly('clone-configuration', ISOLATED_CONFIG_DIR), { name: 'scratch', mountPath: SCRATCH_MOUNT }, { name: 'shm', mountPath: '/dev/shm' }]
    : []),
];

const jobContainer = (context: ChartContext, job: BackupJob): Container =>
  container({
    name: 'backup',
    image: context.platform.images.patroni,
    imagePullPolicy: context.platform.imagePullPolicy,
    command: ['holdfast-backup'],
    args: [...job.arguments],
    env: [
      ...backupEnv(context),
      ...(job.isolated || job.with === 'delayed-replica' ? liveEnv(context) : []),
      ...(job.isolated ? cloneEnv : []),
      ...(job.with === 'etcd' ? etcdEnv(context) : []),
    ],
    resources: resources({ cpu: millicores(50), memory: mebibytes(job.isolated ? 1024 : 512), cpuLimit: millicores(4000) }),
    volumeMounts: mountsOf(job),
  });

export const jobPod = (context: ChartContext, job: BackupJob): PodSpec => ({
  ...podDefaults,
  serviceAccountName: REPOSITORY_ACCOUNT,
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 10,
  containers: [jobContainer(context, job)],
  volumes: volumesOf(context, job),
});

export const defineBackupJob = (scope: Construct, context: ChartContext, job: BackupJob): void => {
  const labels = labelsOf('backup', context.environment);
  new KubeCronJob(scope, `job-${job.name}`, {
    metadata: { name: job.name, namespace: NAMESPACE, labels },
    spec: {
      schedule: job.schedule ?? NEVER,
      suspend: job.schedule === null,
      // Two at once would wait for each other's lock.
      ...ONE_AT_A_TIME,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels },
        spec: {
          // A job that a person waits for says at once what is wrong; a scheduled one tries again.
          backoffLimit: job.schedule === null ? 0 : 2,
          ttlSecondsAfterFinished: 86_400,
          template: { metadata: { labels }, spec: jobPod(context, job) },
        },
      },
    },
  });
};
