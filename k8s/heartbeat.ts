import type { Container, EnvVar } from 'cdk8s-plus-27/lib/imports/k8s';
import { POSTGRES_SOCKET_DIR } from '../lib/services/paths';
import { hasPeers } from '../lib/topology/regions';
import { mebibytes, millicores } from '../lib/topology/units';
import type { ChartContext } from './data-chart';
import { container, resources } from './pods';

/** Beside each PostgreSQL of an environment of several regions: writes the row by whose age a standby region knows its lag, while its PostgreSQL is the primary. */
export const heartbeat = ({ environment, region, platform }: ChartContext, env: EnvVar[]): Container[] =>
  hasPeers(environment)
    ? [
        container({
          name: 'heartbeat',
          image: platform.images.patroni,
          imagePullPolicy: platform.imagePullPolicy,
          command: ['holdfast-heartbeat'],
          env: [
            ...env,
            { name: 'HOLDFAST_DATABASE', value: region.postgres.database },
            { name: 'HOLDFAST_APPLICATION_ROLE', value: region.postgres.applicationRole },
            { name: 'HOLDFAST_REGION', value: region.name },
            { name: 'HOLDFAST_HEARTBEAT', value: String(environment.replication.heartbeat) },
          ],
          resources: resources({ cpu: millicores(10), memory: mebibytes(64), cpuLimit: millicores(200) }),
          volumeMounts: [{ name: 'run', mountPath: POSTGRES_SOCKET_DIR }],
        }),
      ]
    : [];
