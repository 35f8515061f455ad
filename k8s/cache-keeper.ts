import { type Container, IntOrString, KubeConfigMap, KubeDeployment, type PodSpec, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import { Construct } from 'constructs';
import { CACHE_KEEPER_CONFIG_FILE, CACHE_KEEPER_PORT, cacheKeeperJson } from '../lib/services/cache-keeper';
import { CACHE_PASSWORD_KEYS } from '../lib/services/cache-users';
import { CACHE_KEEPER_CONFIG_DIR, CACHE_KEEPER_CREDENTIALS_DIR, TLS_DIRS } from '../lib/services/paths';
import { CACHE_PORT } from '../lib/topology/cache-placement';
import type { Cache } from '../lib/topology/types';
import { type ChartContext, containerPorts } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { CACHE_CREDENTIALS_SECRET, CACHE_USERS_KEY, CACHE_USERS_SECRET, labelsOf, MONITORING_LABEL, NAMESPACE, selectorOf, TLS_SECRETS } from './names';
import { allowTraffic, namespacesWith, podsOf } from './network-policies';
import { certificateVolume, configurationHash, configVolume, container, podDefaults, projectedVolume, readOnly, resources } from './pods';
import { anywhere, ROLLOUT } from './stateless';

const NAME = 'cache-keeper';

const key = (name: string): { key: string; path: string } => ({ key: name, path: name });
/** Passwords to log in with and to hand on, and the users' file, which has digests only: files, because they are rotated while the keeper runs. */
const credentialsVolume: Volume = projectedVolume('credentials', [
  { secret: { name: CACHE_CREDENTIALS_SECRET, items: [key(CACHE_PASSWORD_KEYS.operator), key(CACHE_PASSWORD_KEYS.replication)] } },
  { secret: { name: CACHE_USERS_SECRET, items: [key(CACHE_USERS_KEY)] } },
]);

/** The keeper in every AZ: each acts by itself, and what they do may be done twice. A person's commands (`holdfast cache`) run in one of them. */
export class CacheKeeper extends Construct {
  private readonly configuration: Record<string, string>;

  constructor(
    scope: Construct,
    id: string,
    private readonly context: ChartContext,
    private readonly cache: Cache,
  ) {
    super(scope, id);
    this.configuration = { [CACHE_KEEPER_CONFIG_FILE]: cacheKeeperJson(cache, context.region) };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: this.configuration });
    this.defineDeployment();
    allowTraffic(
      this,
      NAME,
      [
        { peer: namespacesWith(MONITORING_LABEL), ports: [CACHE_KEEPER_PORT] },
        { peer: podsOf('rotation'), ports: [CACHE_KEEPER_PORT] },
      ],
      [{ peer: podsOf('cache'), ports: [CACHE_PORT] }],
    );
    disruptOneAtATime(this, NAME);
  }

  private get metadata(): { name: string; namespace: string; labels: Record<string, string> } {
    return { name: NAME, namespace: NAMESPACE, labels: labelsOf(NAME, this.context.environment) };
  }

  private defineDeployment(): void {
    const { labels } = this.metadata;
    new KubeDeployment(this, 'deployment', {
      metadata: this.metadata,
      spec: {
        replicas: this.context.region.zones.length,
        selector: { matchLabels: selectorOf(NAME) },
        strategy: ROLLOUT,
        template: { metadata: { labels, annotations: configurationHash(this.configuration) }, spec: this.podSpec() },
      },
    });
  }

  private podSpec(): PodSpec {
    return {
      ...podDefaults,
      terminationGracePeriodSeconds: 5,
      ...anywhere(NAME, this.context.region),
      containers: [this.keeper()],
      volumes: [configVolume('configuration', NAME), certificateVolume('cache-ca', TLS_SECRETS.cache), credentialsVolume],
    };
  }

  private keeper(): Container {
    const { platform } = this.context;
    const health = (path: string): { path: string; port: IntOrString } => ({ path, port: IntOrString.fromNumber(CACHE_KEEPER_PORT) });
    return container({
      name: NAME,
      image: platform.images.agent,
      imagePullPolicy: platform.imagePullPolicy,
      // Small heaps: it keeps next to nothing, and Node.js would take what it is given.
      command: [
        'node',
        '--max-old-space-size=48',
        '--max-semi-space-size=1',
        '/opt/holdfast/cache-keeper.js',
        'keep',
        '--config',
        `${CACHE_KEEPER_CONFIG_DIR}/${CACHE_KEEPER_CONFIG_FILE}`,
      ],
      ports: containerPorts({ metrics: CACHE_KEEPER_PORT }),
      resources: resources(this.cache.keeper.resources),
      readinessProbe: { httpGet: health('/health/ready'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
      livenessProbe: { httpGet: health('/health/live'), initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 },
      volumeMounts: [
        readOnly('configuration', CACHE_KEEPER_CONFIG_DIR),
        readOnly('cache-ca', TLS_DIRS.cacheCa),
        readOnly('credentials', CACHE_KEEPER_CREDENTIALS_DIR),
      ],
    });
  }
}
