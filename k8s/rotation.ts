/** Passwords change on schedule: a CronJob that does what `holdfast rotate database` and `rotate cache` do, with the rights that it needs and no others. */
import { KubeCronJob, KubeRole, KubeRoleBinding, KubeServiceAccount, type PodSpec, type PolicyRule } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CACHE_KEEPER_PORT } from '../lib/services/cache-keeper';
import { FOLLOWER_PORT } from '../lib/services/follower';
import { ROTATION_CONFIG_DIR } from '../lib/services/paths';
import { ROTATION_ACCOUNT, ROTATION_SCHEDULE, rotationJson, rotationTimeLimitSeconds } from '../lib/services/rotation/job';
import { CACHE_PORT } from '../lib/topology/cache-placement';
import { POOLER_PORT, POSTGRES_PORT } from '../lib/topology/derive';
import { mebibytes, millicores } from '../lib/topology/units';
import { type ChartContext, DataChart } from './data-chart';
import { CACHE_CREDENTIALS_SECRET, CACHE_USERS_SECRET, CREDENTIALS_SECRET, NAMESPACE, POOLER_USERS_SECRET, TLS_SECRETS } from './names';
import { addressesOf, allowTraffic, podIdentityAgent, podsOf } from './network-policies';
import { configurationHash, configVolume, container, podDefaults, readOnly, resources } from './pods';
import { ONE_AT_A_TIME } from './schedule';

const NAME = ROTATION_ACCOUNT;
const LEASE = 'holdfast-rotation';
const KEEP_FINISHED_SECONDS = 30 * 24 * 3600;
/** Of the Kubernetes API, wherever it is. */
const API_PORT = 443;

const rules = (context: ChartContext): PolicyRule[] => {
  const cache = context.environment.cache === null ? [] : [CACHE_CREDENTIALS_SECRET, CACHE_USERS_SECRET];
  const authorities = [TLS_SECRETS.postgres, ...(cache.length === 0 ? [] : [TLS_SECRETS.cache])];
  return [
    { apiGroups: [''], resources: ['secrets'], resourceNames: [CREDENTIALS_SECRET, POOLER_USERS_SECRET, ...cache], verbs: ['get', 'patch'] },
    // Whom to believe, and since when the authority signs.
    { apiGroups: [''], resources: ['secrets'], resourceNames: [...authorities, 'holdfast-ca'], verbs: ['get'] },
    // Where everybody is, and the annotation that makes a kubelet look at a pod's Secrets.
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [LEASE], verbs: ['get', 'patch'] },
    // A name can't be required of what does not exist yet.
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  ];
};

export class RotationChart extends DataChart {
  private readonly configuration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, NAME, context);
    this.configuration = { 'rotation.json': rotationJson(context.environment, context.region, context.platform.secrets === 'aws-secrets-manager') };
    this.configMap(NAME, this.configuration);
    this.defineRights();
    this.defineJob();
    this.restrictTraffic();
  }

  private defineRights(): void {
    const metadata = this.metadata(NAME);
    new KubeServiceAccount(this, 'account', { metadata, automountServiceAccountToken: false });
    new KubeRole(this, 'role', { metadata, rules: rules(this.context) });
    new KubeRoleBinding(this, 'binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    });
  }

  private defineJob(): void {
    const { environment } = this.context;
    new KubeCronJob(this, 'job', {
      metadata: this.metadata(NAME),
      spec: {
        schedule: ROTATION_SCHEDULE,
        // 0: only on command; `kubectl create job --from` starts it all the same.
        suspend: environment.rotation.databaseEvery === 0,
        ...ONE_AT_A_TIME,
        failedJobsHistoryLimit: 5,
        jobTemplate: {
          metadata: { labels: this.podLabels },
          spec: {
            // What stopped is gone on with by the next run; trying again at once would find the same clients.
            backoffLimit: 0,
            activeDeadlineSeconds: rotationTimeLimitSeconds(environment),
            ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
            template: { metadata: { labels: this.podLabels, annotations: configurationHash(this.configuration) }, spec: this.podSpec() },
          },
        },
      },
    });
  }

  private podSpec(): PodSpec {
    const { platform } = this.context;
    return {
      ...podDefaults,
      automountServiceAccountToken: true,
      serviceAccountName: NAME,
      restartPolicy: 'Never',
      containers: [
        container({
          name: NAME,
          image: platform.images.agent,
          imagePullPolicy: platform.imagePullPolicy,
          command: ['node', '--max-old-space-size=64', '/opt/holdfast/rotation.js'],
          args: ['due'],
          resources: resources({ cpu: millicores(20), memory: mebibytes(192), cpuLimit: millicores(1000) }),
          volumeMounts: [readOnly('configuration', ROTATION_CONFIG_DIR)],
        }),
      ],
      volumes: [configVolume('configuration', NAME)],
    };
  }

  private restrictTraffic(): void {
    const cache =
      this.context.environment.cache === null
        ? []
        : [
            { peer: podsOf('cache'), ports: [CACHE_PORT] },
            { peer: podsOf('cache-keeper'), ports: [CACHE_KEEPER_PORT] },
          ];
    allowTraffic(
      this,
      NAME,
      [],
      [
        { peer: podsOf('postgres'), ports: [POSTGRES_PORT] },
        { peer: podsOf('pgbouncer'), ports: [POOLER_PORT, FOLLOWER_PORT] },
        ...cache,
        // Also of AWS Secrets Manager.
        { peer: addressesOf('0.0.0.0/0'), ports: [API_PORT] },
        ...(this.context.platform.secrets === 'aws-secrets-manager' ? [podIdentityAgent] : []),
      ],
    );
  }
}
