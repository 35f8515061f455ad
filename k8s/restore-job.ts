/** A restore in place as a job of the cluster's own: the same program that the command line runs, with the rights that it needs and no others. */
import { KubeConfigMap, KubeCronJob, KubeRole, KubeRoleBinding, KubeServiceAccount, type PolicyRule } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { restoreCluster } from '../lib/operations/restore/plan';
import { NAMESPACE, postgresName, restoreRequestName } from '../lib/topology/derive';
import { mebibytes, millicores } from '../lib/topology/units';
import type { ChartContext } from './data-chart';
import { labelsOf } from './names';
import { configVolume, container, podDefaults, readOnly, resources } from './pods';
import { NEVER } from './schedule';

const NAME = 'restore-in-place';
const CONFIG_MOUNT = '/etc/restore';

/** Stopping and starting the database's members, its own record, and jobs made from the chart's own templates: that is all. */
const rules = ({ region }: ChartContext): PolicyRule[] => [
  { apiGroups: ['apps'], resources: ['statefulsets/scale'], resourceNames: [postgresName(region)], verbs: ['get', 'patch'] },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: [restoreRequestName(region)], verbs: ['get', 'patch', 'delete'] },
  // A name can't be required of what does not exist yet.
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'create'] },
];

export const defineRestoreJob = (scope: Construct, context: ChartContext): void => {
  const labels = labelsOf('backup', context.environment);
  const metadata = { name: NAME, namespace: NAMESPACE, labels };
  new KubeServiceAccount(scope, 'restore-account', { metadata, automountServiceAccountToken: false });
  new KubeRole(scope, 'restore-role', { metadata, rules: rules(context) });
  new KubeRoleBinding(scope, 'restore-binding', {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
  });
  const { environment, region } = context;
  new KubeConfigMap(scope, 'restore-configuration', { metadata, data: { 'cluster.json': JSON.stringify(restoreCluster(environment, region)) } });
  defineJob(scope, context, metadata, labels);
};

const defineJob = (
  scope: Construct,
  context: ChartContext,
  metadata: { name: string; namespace: string; labels: Record<string, string> },
  labels: Record<string, string>,
): void => {
  const { platform } = context;
  new KubeCronJob(scope, 'restore-job', {
    metadata,
    spec: {
      // Only a person starts it: `holdfast restore --as-job`, or a job made from this template.
      schedule: NEVER,
      suspend: true,
      concurrencyPolicy: 'Forbid',
      jobTemplate: {
        metadata: { labels },
        spec: {
          backoffLimit: 0,
          ttlSecondsAfterFinished: 86_400,
          template: {
            metadata: { labels },
            spec: {
              ...podDefaults,
              automountServiceAccountToken: true,
              serviceAccountName: NAME,
              restartPolicy: 'Never',
              containers: [
                container({
                  name: 'restore',
                  image: platform.images.agent,
                  imagePullPolicy: platform.imagePullPolicy,
                  command: ['node', '/opt/holdfast/restore.js'],
                  args: ['status'],
                  resources: resources({ cpu: millicores(20), memory: mebibytes(192), cpuLimit: millicores(1000) }),
                  volumeMounts: [readOnly('configuration', CONFIG_MOUNT)],
                }),
              ],
              volumes: [configVolume('configuration', NAME)],
            },
          },
        },
      },
    },
  });
};
