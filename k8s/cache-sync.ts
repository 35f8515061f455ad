import { type Container, IntOrString, KubeConfigMap, KubeDeployment, type PodSpec, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import { Construct } from 'constructs';
import { CACHE_SYNC_CONFIG_FILE, CACHE_SYNC_PORT, cacheSyncJson } from '../lib/services/cache-sync';
import { CACHE_PASSWORD_KEYS } from '../lib/services/cache-users';
import { CACHE_SYNC_CONFIG_DIR, CACHE_SYNC_PASSWORD_DIR, TLS_DIRS } from '../lib/services/paths';
import { CACHE_PORT } from '../lib/topology/cache-placement';
import { PATRONI_PORT } from '../lib/topology/derive';
import { cacheGatewayAddresses, hasPeers } from '../lib/topology/regions';
import type { Cache } from '../lib/topology/types';
import { type ChartContext, containerPorts } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { CACHE_CREDENTIALS_SECRET, labelsOf, MONITORING_LABEL, NAMESPACE, selectorOf, TLS_SECRETS } from './names';
import { allowTraffic, namespacesWith, podsOf } from './network-policies';
import { caVolume, configurationHash, configVolume, container, podDefaults, readOnly, resources, tlsVolume } from './pods';
import { entrance, gatewayEgress } from './region-gateway';
import { anywhere, ROLLOUT } from './stateless';

const NAME = 'cache-sync';
/** Two copy the same keys to the same state: one is enough, and the other goes on when its node dies. */
const REPLICAS = 2;

/** Where an environment has several regions: what copies the cache of the region that writes into this one. */
export class CacheSync extends Construct {
  private readonly configuration: Record<string, string>;

  constructor(
    scope: Construct,
    id: string,
    private readonly context: ChartContext,
    private readonly cache: Cache,
  ) {
    super(scope, id);
    const { environment, region } = context;
    this.configuration = { [CACHE_SYNC_CONFIG_FILE]: cacheSyncJson(environment, region) };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: this.configuration });
    this.defineDeployment();
    entrance(this, context, {
      name: 'cache-gateway',
      component: 'cache',
      addresses: cacheGatewayAddresses(region),
      ports: { cache: CACHE_PORT },
      always: false,
    });
    allowTraffic(
      this,
      NAME,
      [{ peer: namespacesWith(MONITORING_LABEL), ports: [CACHE_SYNC_PORT] }],
      [{ peer: podsOf('cache'), ports: [CACHE_PORT] }, { peer: podsOf('postgres'), ports: [PATRONI_PORT] }, ...gatewayEgress(context, [CACHE_PORT])],
    );
    disruptOneAtATime(this, NAME);
  }

  /** None where there is one region, or no way into the others. */
  static between(scope: Construct, context: ChartContext, cache: Cache): void {
    if (hasPeers(context.environment) && context.platform.regionGateway !== 'none') new CacheSync(scope, 'sync', context, cache);
  }

  private get metadata(): { name: string; namespace: string; labels: Record<string, string> } {
    return { name: NAME, namespace: NAMESPACE, labels: labelsOf(NAME, this.context.environment) };
  }

  private defineDeployment(): void {
    const { labels } = this.metadata;
    new KubeDeployment(this, 'deployment', {
      metadata: this.metadata,
      spec: {
        replicas: REPLICAS,
        selector: { matchLabels: selectorOf(NAME) },
        strategy: ROLLOUT,
        template: { metadata: { labels, annotations: configurationHash(this.configuration) }, spec: this.podSpec() },
      },
    });
  }

  private podSpec(): PodSpec {
    return {
      ...podDefaults,
      terminationGracePeriodSeconds: 10,
      ...anywhere(NAME, this.context.region),
      containers: [this.synchroniser()],
      volumes: [
        configVolume('configuration', NAME),
        caVolume('cache-ca', TLS_SECRETS.cache),
        tlsVolume('patroni-client-tls', TLS_SECRETS.patroniClient),
        passwordVolume(),
      ],
    };
  }

  private synchroniser(): Container {
    const { platform } = this.context;
    const health = { httpGet: { path: '/health', port: IntOrString.fromNumber(CACHE_SYNC_PORT) }, timeoutSeconds: 2 };
    return container({
      name: NAME,
      image: platform.images.agent,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['node', '--max-old-space-size=96', '/opt/holdfast/cache-sync.js', `${CACHE_SYNC_CONFIG_DIR}/${CACHE_SYNC_CONFIG_FILE}`],
      ports: containerPorts({ metrics: CACHE_SYNC_PORT }),
      resources: resources(this.cache.keeper.resources),
      readinessProbe: { ...health, periodSeconds: 5, failureThreshold: 3 },
      volumeMounts: [
        readOnly('configuration', CACHE_SYNC_CONFIG_DIR),
        readOnly('cache-ca', TLS_DIRS.cacheCa),
        readOnly('patroni-client-tls', TLS_DIRS.patroniClient),
        readOnly('password', CACHE_SYNC_PASSWORD_DIR),
      ],
    });
  }
}

const passwordVolume = (): Volume => ({
  name: 'password',
  secret: { secretName: CACHE_CREDENTIALS_SECRET, items: [{ key: CACHE_PASSWORD_KEYS.synchroniser, path: 'password' }], defaultMode: 0o440 },
});
