import { relative } from 'node:path/posix';
import { type Container, type EnvVar, IntOrString, KubeStatefulSet, type PodSpec, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CACHE_CONFIG_FILE, cacheConf } from '../lib/services/cache';
import { CACHE_SERVICE, cacheHost } from '../lib/services/cache-keeper';
import { CACHE_PASSWORD_KEYS, CACHE_USERS } from '../lib/services/cache-users';
import {
  CACHE_CONFIG_DIR,
  CACHE_DATA_DIR,
  CACHE_DATA_MOUNT,
  CACHE_LOCAL_FILE,
  CACHE_OPERATOR_PASSWORD_FILE,
  CACHE_RUN_DIR,
  TLS_DIRS,
  tlsFiles,
} from '../lib/services/paths';
import { CACHE_BUS_PORT, CACHE_PORT, CACHE_SET_LABEL, cachePods, cacheSetName } from '../lib/topology/cache-placement';
import { peersOf } from '../lib/topology/regions';
import type { Cache } from '../lib/topology/types';
import { CacheKeeper } from './cache-keeper';
import { CacheSync } from './cache-sync';
import { requestCacheCertificate } from './certificates';
import { type ChartContext, containerPorts, DataChart } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { CACHE_CLIENT_LABEL, CACHE_CREDENTIALS_SECRET, CACHE_USERS_KEY, CACHE_USERS_SECRET, selectorOf, TLS_SECRETS, ZONE_LABEL } from './names';
import { addressesOf, allowTraffic, type Allowed, namespacesWith, podsOf } from './network-policies';
import {
  configurationHash,
  container,
  dataVolumeClaim,
  fieldEnv,
  memoryVolume,
  podDefaults,
  readOnly,
  resources,
  secretEnv,
  stayOnDeadNode,
  tlsVolume,
} from './pods';
import { fetchCacheCredentials } from './secrets';
import { overNodes } from './spread';

const NAME = 'cache';
const PORTS = { cache: CACHE_PORT, bus: CACHE_BUS_PORT };
/** A planned handover takes less than a second; the rest is for a rollout's wait until the shard's other copies are in step. */
const HANDOVER_TIMEOUT_SECONDS = 30;

/** Redis or Valkey as a cluster: a StatefulSet per AZ, so that which node holds which shard in which AZ follows from its name, and the keeper. */
export class CacheChart extends DataChart {
  private readonly configuration: Record<string, string>;

  constructor(
    scope: Construct,
    context: ChartContext,
    private readonly cache: Cache,
  ) {
    super(scope, NAME, NAME, context);
    this.configuration = { [CACHE_CONFIG_FILE]: cacheConf(cache) };
    this.configMap(NAME, this.configuration);
    this.headlessService(CACHE_SERVICE, PORTS);
    for (const zone of context.region.zones) this.defineZone(zone);
    this.restrictTraffic();
    disruptOneAtATime(this, NAME);
    new CacheKeeper(this, 'keeper', context, cache);
    CacheSync.between(this, context, cache);
    if (context.platform.certificates === 'cert-manager') requestCacheCertificate(this, context);
    if (context.platform.secrets === 'aws-secrets-manager') fetchCacheCredentials(this, context);
  }

  private defineZone(zone: string): void {
    const { environment, region } = this.context;
    const name = cacheSetName(zone);
    const labels = { ...this.podLabels, [CACHE_SET_LABEL]: name };
    new KubeStatefulSet(this, name, {
      metadata: this.metadata(name),
      spec: {
        serviceName: CACHE_SERVICE,
        replicas: cachePods(this.cache, region).filter((pod) => pod.zone === zone).length,
        selector: { matchLabels: { ...selectorOf(NAME), [CACHE_SET_LABEL]: name } },
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
        // A node that came back copies what it missed before the next one goes.
        minReadySeconds: 10,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: environment.retainData ? 'Retain' : 'Delete', whenScaled: 'Retain' },
        template: { metadata: { labels, annotations: configurationHash(this.configuration) }, spec: this.podSpec(zone) },
        volumeClaimTemplates: [dataVolumeClaim(this.cache.storage)],
      },
    });
  }

  private podSpec(zone: string): PodSpec {
    const inZone = { matchExpressions: [{ key: ZONE_LABEL, operator: 'In', values: [zone] }] };
    return {
      ...podDefaults,
      terminationGracePeriodSeconds: 45,
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [inZone] } } },
      topologySpreadConstraints: [overNodes(NAME)],
      tolerations: stayOnDeadNode,
      containers: [this.cacheContainer()],
      volumes: volumes(),
    };
  }

  private cacheContainer(): Container {
    const { platform } = this.context;
    if (platform.images.cache === undefined) throw new Error('the platform names no image "cache", and the environment has a cache');
    return container({
      name: NAME,
      image: platform.images.cache,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['holdfast-cache'],
      env: [...nodeEnv(), ...this.handoverEnv()],
      ports: containerPorts(PORTS),
      resources: resources(this.cache.resources),
      // Listening first; then asked seldom, since a process is started for each answer: the cluster itself decides who serves, and the keeper looks every second.
      startupProbe: { tcpSocket: { port: IntOrString.fromNumber(CACHE_PORT) }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 600 },
      readinessProbe: { exec: { command: ['holdfast-cache-ready'] }, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 2 },
      lifecycle: { preStop: { exec: { command: ['holdfast-cache-handover'] } } },
      volumeMounts: [
        { name: 'data', mountPath: CACHE_DATA_MOUNT },
        { name: 'run', mountPath: CACHE_RUN_DIR },
        readOnly('configuration', CACHE_CONFIG_DIR),
        readOnly('tls', TLS_DIRS.cache),
      ],
    });
  }

  private handoverEnv(): EnvVar[] {
    return [
      { name: 'HOLDFAST_OPERATOR_PASSWORD_FILE', value: CACHE_OPERATOR_PASSWORD_FILE },
      { name: 'HOLDFAST_CACHE_USER', value: CACHE_USERS.operator },
      { name: 'HOLDFAST_CACHE_CA', value: tlsFiles(TLS_DIRS.cache).ca },
      { name: 'HOLDFAST_CACHE_PORT', value: String(CACHE_PORT) },
      { name: 'HOLDFAST_CACHE_REPLICAS', value: String(this.cache.replicasPerMaster) },
      { name: 'HOLDFAST_HANDOVER_TIMEOUT', value: String(HANDOVER_TIMEOUT_SECONDS) },
    ];
  }

  /** This region's, and those of the others, which come to every node by its address. */
  private synchronisers(): readonly Allowed[] {
    const { environment, region } = this.context;
    const peers = peersOf(environment, region);
    if (peers.length === 0) return [];
    return [podsOf('cache-sync'), ...peers.map((peer) => addressesOf(peer.network.vpcCidr))].map((peer) => ({ peer, ports: [CACHE_PORT] }));
  }

  private restrictTraffic(): void {
    const nodes = { peer: podsOf(NAME), ports: [CACHE_PORT, CACHE_BUS_PORT] };
    allowTraffic(
      this,
      NAME,
      [
        nodes,
        { peer: podsOf('cache-keeper'), ports: [CACHE_PORT] },
        { peer: podsOf('rotation'), ports: [CACHE_PORT] },
        ...this.synchronisers(),
        { peer: namespacesWith(CACHE_CLIENT_LABEL), ports: [CACHE_PORT] },
      ],
      [nodes],
    );
  }
}

/** Who this node is, and with what it joins the others. */
const nodeEnv = (): EnvVar[] => [
  fieldEnv('POD_NAME', 'metadata.name'),
  fieldEnv('POD_IP', 'status.podIP'),
  { name: 'HOLDFAST_CACHE_HOST', value: cacheHost('$(POD_NAME)') },
  { name: 'HOLDFAST_CACHE_DATA', value: CACHE_DATA_DIR },
  { name: 'HOLDFAST_CACHE_LOCAL', value: CACHE_LOCAL_FILE },
  { name: 'HOLDFAST_CACHE_CONFIG', value: `${CACHE_CONFIG_DIR}/${CACHE_CONFIG_FILE}` },
  secretEnv('HOLDFAST_REPLICATION_PASSWORD', CACHE_CREDENTIALS_SECRET, CACHE_PASSWORD_KEYS.replication),
];

const volumes = (): Volume[] => [
  {
    name: 'configuration',
    projected: {
      defaultMode: 0o440,
      sources: [
        { configMap: { name: NAME, items: [{ key: CACHE_CONFIG_FILE, path: CACHE_CONFIG_FILE }] } },
        { secret: { name: CACHE_USERS_SECRET, items: [{ key: CACHE_USERS_KEY, path: `users/${CACHE_USERS_KEY}` }] } },
        {
          secret: {
            name: CACHE_CREDENTIALS_SECRET,
            items: [{ key: CACHE_PASSWORD_KEYS.operator, path: relative(CACHE_CONFIG_DIR, CACHE_OPERATOR_PASSWORD_FILE) }],
          },
        },
      ],
    },
  },
  tlsVolume('tls', TLS_SECRETS.cache),
  memoryVolume('run', 1),
];
