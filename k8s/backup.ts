import { KubeServiceAccount } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { cloneConfiguration } from '../lib/services/isolated-postgres';
import { clonePgbackrestConf, jobPgbackrestConf, PGBACKREST_CONFIG_FILE } from '../lib/services/pgbackrest';
import { BACKUP_SERVER_PORT, ETCD_CLIENT_PORT, POOLER_PORT, POSTGRES_PORT } from '../lib/topology/derive';
import { type BackupJob, defineBackupJob } from './backup-jobs';
import { STORE_EGRESS } from './backup-parts';
import { type ChartContext, DataChart } from './data-chart';
import { NAMESPACE, REPOSITORY_ACCOUNT } from './names';
import { allowTraffic, podsOf } from './network-policies';
import { defineRestoreJob } from './restore-job';
import { fetchRepositorySecrets } from './secrets';

const COMPONENT = 'backup';

const DELAYED_REPLICA_JOB: BackupJob = { name: 'delayed-replica', schedule: null, arguments: ['delayed'], isolated: false, with: 'delayed-replica' };

/** The jobs of every environment. What has no schedule is a template: `holdfast backup`, `restore` and `replica` make jobs of it. */
const jobsOf = ({ environment: { backups } }: ChartContext): readonly BackupJob[] => [
  { name: 'backup-full', schedule: backups.fullSchedule, arguments: ['take', 'full'], isolated: false },
  { name: 'backup-differential', schedule: backups.differentialSchedule, arguments: ['take', 'differential'], isolated: false },
  { name: 'backup-verify', schedule: backups.verifySchedule, arguments: ['verify'], isolated: true },
  { name: 'backup-report', schedule: null, arguments: ['report'], isolated: false },
  { name: 'restore-clone', schedule: null, arguments: ['extract'], isolated: true },
  { name: 'restore-forget', schedule: null, arguments: ['forget'], isolated: false, with: 'etcd' },
  ...(backups.delayedReplica === null ? [] : [DELAYED_REPLICA_JOB]),
];

/** Base backups, their verification, isolated restores. The members' own part (archiving) is in the chart `postgres`. */
export class BackupChart extends DataChart {
  constructor(scope: Construct, context: ChartContext) {
    super(scope, COMPONENT, 'backup', context);
    const { environment, region, platform } = context;
    this.configMap('backup-job', { [PGBACKREST_CONFIG_FILE]: jobPgbackrestConf(environment, region, platform.backups) });
    this.configMap(
      'backup-clone',
      { [PGBACKREST_CONFIG_FILE]: clonePgbackrestConf(environment, region, platform.backups), ...cloneConfiguration(region) },
      'clone-configuration',
    );
    for (const job of jobsOf(context)) defineBackupJob(this, context, job);
    defineRestoreJob(this, context);
    this.restrictTraffic();
  }

  private restrictTraffic(): void {
    allowTraffic(
      this,
      COMPONENT,
      [],
      [
        { peer: podsOf('postgres'), ports: [BACKUP_SERVER_PORT] },
        { peer: podsOf('pgbouncer'), ports: [POOLER_PORT] },
        { peer: podsOf('postgres-delayed'), ports: [POSTGRES_PORT] },
        { peer: podsOf('etcd'), ports: [ETCD_CLIENT_PORT] },
        STORE_EGRESS,
      ],
    );
  }
}

/** Who the database's pods are to the object store. Part of the foundation, since the database's own pods need it first. */
export const defineRepositoryAccess = (scope: Construct, context: ChartContext): void => {
  const { roleArn } = context.platform.backups;
  new KubeServiceAccount(scope, 'repository-account', {
    metadata: {
      name: REPOSITORY_ACCOUNT,
      namespace: NAMESPACE,
      ...(roleArn === null ? {} : { annotations: { 'eks.amazonaws.com/role-arn': roleArn, 'eks.amazonaws.com/sts-regional-endpoints': 'true' } }),
    },
    automountServiceAccountToken: false,
  });
  if (context.platform.secrets === 'aws-secrets-manager') fetchRepositorySecrets(scope, context);
};
