import { JsonPatch } from 'cdk8s';
import { type Container, IntOrString, KubeDeployment, KubeService, type PodSpec, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { FOLLOWER_CONFIG_FILE, FOLLOWER_PORT, followerJson } from '../lib/services/follower';
import { FOLLOWER_CONFIG_DIR, PGBOUNCER_CONFIG_DIR, PGBOUNCER_DATABASES_FILE, PGBOUNCER_RUN_DIR, TLS_DIRS } from '../lib/services/paths';
import { initialDatabasesIni, pgbouncerIni } from '../lib/services/pgbouncer';
import { ETCD_CLIENT_PORT, PATRONI_PORT, POOLER_PORT, poolerCount, POSTGRES_PORT } from '../lib/topology/derive';
import { hasPeers, LEADER_PORT, REGION_STATUS_PORT } from '../lib/topology/regions';
import { requestPoolerCertificate } from './certificates';
import { type ChartContext, containerPorts, DataChart, servicePorts } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { DATABASE_CLIENT_LABEL, MONITORING_LABEL, POOLER_USERS_KEY, POOLER_USERS_SECRET, selectorOf, TLS_SECRETS } from './names';
import { allowTraffic, namespacesWith, podsOf } from './network-policies';
import { caVolume, configurationHash, container, memoryVolume, podDefaults, readOnly, resources, tlsVolume } from './pods';
import { patchedObject } from './patched-object';
import { defineRegionGateway, gatewayEgress, gatewayIngress } from './region-gateway';
import { fetchPoolerUsers } from './secrets';
import { anywhere, ROLLOUT } from './stateless';

const NAME = 'pgbouncer';
const FOLLOWER = 'follower';
const INI = 'pgbouncer.ini';
const INITIAL_DATABASES = 'initial-databases.ini';

/**
 * New connections go elsewhere first (the Service needs a moment to forget this pod). SIGINT then ends PgBouncer once its running transactions have ended; the
 * kubelet's SIGTERM would wait for clients to leave by themselves, and cut short what SIGINT began: it comes after this script only.
 */
const DRAIN = 'sleep 3; kill -INT 1; sleep 30';
/** The follower outlives PgBouncer's draining: the primary may change in the meantime. */
const OUTLIVE_DRAIN = ['sleep', '10'];

/** PgBouncer in every zone, each following the leader by itself: clients only ever know the Service `pgbouncer`. */
export class PoolerChart extends DataChart {
  private readonly configuration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, 'pooler', context);
    this.configuration = {
      [INI]: pgbouncerIni(context.region),
      [INITIAL_DATABASES]: initialDatabasesIni(context.region),
      [FOLLOWER_CONFIG_FILE]: followerJson(context.environment, context.region),
    };
    this.configMap(NAME, this.configuration);
    this.defineService();
    defineRegionGateway(this, context);
    this.defineDeployment();
    this.restrictTraffic();
    disruptOneAtATime(this, NAME);
    if (context.platform.certificates === 'cert-manager') requestPoolerCertificate(this, context);
    if (context.platform.secrets === 'aws-secrets-manager') fetchPoolerUsers(this, context);
  }

  private defineService(): void {
    const service: unknown = KubeService.manifest({
      metadata: this.metadata(NAME),
      spec: { selector: selectorOf(NAME), ports: servicePorts({ postgres: POOLER_PORT }) },
    });
    // Clients use the pooler of their own zone while it is ready, and another zone's otherwise.
    patchedObject(this, 'service', service, JsonPatch.add('/spec/trafficDistribution', 'PreferSameZone'));
  }

  private defineDeployment(): void {
    new KubeDeployment(this, 'deployment', {
      metadata: this.metadata(NAME),
      spec: {
        replicas: poolerCount(this.context.region),
        selector: { matchLabels: selectorOf(NAME) },
        minReadySeconds: 2,
        strategy: ROLLOUT,
        template: { metadata: { labels: this.podLabels, annotations: configurationHash(this.configuration) }, spec: this.podSpec() },
      },
    });
  }

  private podSpec(): PodSpec {
    return {
      ...podDefaults,
      terminationGracePeriodSeconds: 45,
      ...anywhere(NAME, this.context.region),
      initContainers: [this.firstDatabases()],
      containers: [this.pgbouncer(), this.follower()],
      volumes: volumes(),
    };
  }

  /** PgBouncer doesn't start without the file that the follower writes later. */
  private firstDatabases(): Container {
    const { region, platform } = this.context;
    return container({
      name: 'first-databases',
      image: platform.images.pgbouncer,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['cp', `${PGBOUNCER_CONFIG_DIR}/${INITIAL_DATABASES}`, PGBOUNCER_DATABASES_FILE],
      resources: resources(region.pooler.resources),
      volumeMounts: [readOnly('configuration', PGBOUNCER_CONFIG_DIR), { name: 'run', mountPath: PGBOUNCER_RUN_DIR }],
    });
  }

  private pgbouncer(): Container {
    const { region, platform } = this.context;
    return container({
      name: NAME,
      image: platform.images.pgbouncer,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['pgbouncer', `${PGBOUNCER_CONFIG_DIR}/${INI}`],
      ports: containerPorts({ postgres: POOLER_PORT }),
      resources: resources(region.pooler.resources),
      readinessProbe: { tcpSocket: { port: IntOrString.fromNumber(POOLER_PORT) }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
      lifecycle: { preStop: { exec: { command: ['sh', '-c', DRAIN] } } },
      volumeMounts: [
        readOnly('configuration', PGBOUNCER_CONFIG_DIR),
        readOnly('server-tls', TLS_DIRS.pgbouncer),
        readOnly('postgres-ca', TLS_DIRS.postgresCa),
        { name: 'run', mountPath: PGBOUNCER_RUN_DIR },
      ],
    });
  }

  /** A container of its own: when it dies it is restarted alone, and PgBouncer goes on with the primary it knows. */
  private follower(): Container {
    const { region, platform } = this.context;
    const health = (path: string): { path: string; port: IntOrString } => ({ path, port: IntOrString.fromNumber(FOLLOWER_PORT) });
    return container({
      name: FOLLOWER,
      image: platform.images.agent,
      imagePullPolicy: platform.imagePullPolicy,
      // Small heaps: it keeps next to nothing, and Node.js would take what it is given.
      command: ['node', '--max-old-space-size=32', '--max-semi-space-size=1', '/opt/holdfast/follower.js', `${FOLLOWER_CONFIG_DIR}/${FOLLOWER_CONFIG_FILE}`],
      ports: containerPorts({ metrics: FOLLOWER_PORT, ...(hasPeers(this.context.environment) ? { leader: LEADER_PORT, status: REGION_STATUS_PORT } : {}) }),
      resources: resources(region.follower.resources),
      readinessProbe: { httpGet: health('/health/ready'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
      lifecycle: { preStop: { exec: { command: OUTLIVE_DRAIN } } },
      livenessProbe: { httpGet: health('/health/live'), initialDelaySeconds: 5, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
      volumeMounts: [
        readOnly('follower-configuration', FOLLOWER_CONFIG_DIR),
        // To see them change: PgBouncer itself reads its files when it is told to.
        readOnly('configuration', PGBOUNCER_CONFIG_DIR),
        readOnly('server-tls', TLS_DIRS.pgbouncer),
        readOnly('etcd-client-tls', TLS_DIRS.etcdClient),
        readOnly('postgres-ca', TLS_DIRS.postgresCa),
        { name: 'run', mountPath: PGBOUNCER_RUN_DIR },
      ],
    });
  }

  private restrictTraffic(): void {
    allowTraffic(
      this,
      NAME,
      [
        { peer: namespacesWith(DATABASE_CLIENT_LABEL), ports: [POOLER_PORT] },
        { peer: namespacesWith(MONITORING_LABEL), ports: [FOLLOWER_PORT] },
        { peer: podsOf('rotation'), ports: [POOLER_PORT, FOLLOWER_PORT] },
        ...gatewayIngress(this.context),
      ],
      [
        { peer: podsOf('postgres'), ports: [POSTGRES_PORT, PATRONI_PORT] },
        { peer: podsOf('etcd'), ports: [ETCD_CLIENT_PORT] },
        ...gatewayEgress(this.context, [POOLER_PORT, REGION_STATUS_PORT]),
      ],
    );
  }
}

const volumes = (): Volume[] => [
  {
    name: 'configuration',
    projected: {
      defaultMode: 0o440,
      sources: [
        { configMap: { name: NAME, items: [INI, INITIAL_DATABASES].map((key) => ({ key, path: key })) } },
        { secret: { name: POOLER_USERS_SECRET, items: [{ key: POOLER_USERS_KEY, path: `users/${POOLER_USERS_KEY}` }] } },
      ],
    },
  },
  { name: 'follower-configuration', configMap: { name: NAME, defaultMode: 0o440, items: [{ key: FOLLOWER_CONFIG_FILE, path: FOLLOWER_CONFIG_FILE }] } },
  tlsVolume('server-tls', TLS_SECRETS.pgbouncer),
  tlsVolume('etcd-client-tls', TLS_SECRETS.etcdClient),
  caVolume('postgres-ca', TLS_SECRETS.postgres),
  memoryVolume('run', 8),
];
