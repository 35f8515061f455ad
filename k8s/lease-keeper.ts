import { type Container, IntOrString, type VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import { leaseTableName } from '../lib/failover/names';
import { LEASE_KEEPER_CONFIG_FILE, LEASE_KEEPER_PORT, leaseKeeperConfig, type LeaseStorePlace } from '../lib/services/lease-keeper';
import { PATRONI_CONFIG_DIR, POSTGRES_SOCKET_DIR, TLS_DIRS, tlsFiles } from '../lib/services/paths';
import { LEASE_KEEPER_RESOURCES } from '../lib/topology/placement';
import type { ChartContext } from './data-chart';
import { containerPorts } from './data-chart';
import { MONITORING_LABEL } from './names';
import { type Allowed, namespacesWith } from './network-policies';
import { container, resources } from './pods';
import { GUARD_CONFIGURATION_FILE } from './region-guard';

const place = ({ platform }: ChartContext): LeaseStorePlace =>
  platform.leaseStore.kind === 'aws' ? { kind: 'aws' } : { ...platform.leaseStore, ca: tlsFiles(TLS_DIRS.postgres).ca };

/** What the keeper reads, beside the guard's configuration. Empty where regions don't fail over. */
export const leaseKeeperConfiguration = (context: ChartContext): Record<string, string> => {
  const { environment } = context;
  const { failover } = environment;
  if (failover === null) return {};
  const config = leaseKeeperConfig(environment, failover, leaseTableName(environment), place(context));
  return { [LEASE_KEEPER_CONFIG_FILE]: `${JSON.stringify(config, null, 2)}\n` };
};

/** Beside each PostgreSQL of an environment whose regions fail over: without the deadline that it keeps, the commit guard lets no client commit. */
export const leaseKeeper = ({ environment, platform }: ChartContext, mounts: VolumeMount[]): Container[] => {
  if (environment.failover === null) return [];
  return [
    container({
      name: 'lease-keeper',
      image: platform.images.agent,
      imagePullPolicy: platform.imagePullPolicy,
      command: [
        'node',
        '--max-old-space-size=48',
        '--max-semi-space-size=1',
        '/opt/holdfast/lease-keeper.js',
        `${PATRONI_CONFIG_DIR}/${GUARD_CONFIGURATION_FILE}`,
        `${PATRONI_CONFIG_DIR}/${LEASE_KEEPER_CONFIG_FILE}`,
      ],
      // The SDK of this version runs on the image's Node.js; what later ones will need is no news for a log.
      env: [{ name: 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', value: 'true' }],
      ports: containerPorts({ 'lease-metrics': LEASE_KEEPER_PORT }),
      resources: resources(LEASE_KEEPER_RESOURCES),
      livenessProbe: {
        httpGet: { path: '/health/live', port: IntOrString.fromNumber(LEASE_KEEPER_PORT) },
        initialDelaySeconds: 5,
        periodSeconds: 5,
        timeoutSeconds: 3,
        failureThreshold: 3,
      },
      volumeMounts: [...mounts, { name: 'run', mountPath: POSTGRES_SOCKET_DIR }],
    }),
  ];
};

/** The way out to the store (HTTPS to anywhere, as to the backups) and to the other regions' doors is in the members' policy already. */
export const leaseKeeperIngress = ({ environment }: ChartContext): readonly Allowed[] =>
  environment.failover === null ? [] : [{ peer: namespacesWith(MONITORING_LABEL), ports: [LEASE_KEEPER_PORT] }];
