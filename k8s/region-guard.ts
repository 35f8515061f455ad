import type { Container, EnvVar, VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import { followerConfig } from '../lib/services/follower';
import { PATRONI_CONFIG_DIR, PGDATA, POSTGRES_DATA_MOUNT, POSTGRES_SOCKET_DIR, TLS_DIRS, tlsFiles } from '../lib/services/paths';
import { DYNAMIC_CONFIGURATION_FILE, PATRONI_CREDENTIALS_FILE } from '../lib/services/patroni';
import { hasPeers } from '../lib/topology/regions';
import type { ChartContext } from './data-chart';
import { container, readOnly, resources } from './pods';

export const GUARD_CONFIGURATION_FILE = 'region-guard.json';
const RECONCILIATION = `${POSTGRES_DATA_MOUNT}/reconciliation`;

/** What the guard reads: the follower's configuration, with the certificates that this pod has. Empty where there is one region. */
export const guardConfiguration = ({ environment, region }: ChartContext): Record<string, string> => {
  if (!hasPeers(environment)) return {};
  const config = { ...followerConfig(environment, region), patroniCa: tlsFiles(TLS_DIRS.postgres).ca };
  return { [GUARD_CONFIGURATION_FILE]: `${JSON.stringify(config, null, 2)}\n` };
};

/**
 * Before Patroni starts: is this region still what its etcd says (a region that was lost returns as a primary otherwise), and, when it is not, what does its last
 * primary have that the new primary region never received? That is written to the volume before Patroni rewinds it away.
 */
export const guardRegion = ({ environment, region, platform }: ChartContext, mounts: VolumeMount[], identity: EnvVar[]): Container[] => {
  if (!hasPeers(environment) || platform.regionGateway === 'none') return [];
  const common = { imagePullPolicy: platform.imagePullPolicy };
  const config = (name: string): string => `${PATRONI_CONFIG_DIR}/${name}`;
  const guard = container({
    ...common,
    name: 'region-guard',
    image: platform.images.agent,
    command: [
      'node',
      '--max-old-space-size=32',
      '/opt/holdfast/region-guard.js',
      config(GUARD_CONFIGURATION_FILE),
      config(DYNAMIC_CONFIGURATION_FILE),
      `${PGDATA}/PG_VERSION`,
    ],
    resources: resources(region.follower.resources),
    volumeMounts: [...mounts, readOnly('data', POSTGRES_DATA_MOUNT)],
  });
  const lostRows = container({
    ...common,
    name: 'lost-rows',
    image: platform.images.patroni,
    command: ['holdfast-lost-rows', config(GUARD_CONFIGURATION_FILE), RECONCILIATION],
    env: [...identity, { name: 'PGDATA', value: PGDATA }, { name: 'HOLDFAST_DATABASE', value: region.postgres.database }],
    resources: resources(region.postgres.resources),
    volumeMounts: [
      ...mounts,
      { name: 'data', mountPath: POSTGRES_DATA_MOUNT },
      { name: 'run', mountPath: POSTGRES_SOCKET_DIR },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  });
  return [guard, lostRows];
};

/** For Patroni's rewinds while the pod runs (images/patroni/bin/holdfast-rewind). */
export const lostRowsEnv = ({ environment, platform }: Pick<ChartContext, 'environment' | 'platform'>): EnvVar[] =>
  !hasPeers(environment) || platform.regionGateway === 'none'
    ? []
    : [
        { name: 'HOLDFAST_LOST_ROWS', value: `${PATRONI_CONFIG_DIR}/${GUARD_CONFIGURATION_FILE}` },
        { name: 'HOLDFAST_RECONCILIATION', value: RECONCILIATION },
        { name: 'HOLDFAST_PATRONI_CREDENTIALS', value: `${PATRONI_CONFIG_DIR}/${PATRONI_CREDENTIALS_FILE}` },
        { name: 'PGDATA', value: PGDATA },
      ];
