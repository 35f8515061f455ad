/** What every pod has that reads or writes the backup repositories. */
import type { Container, EnvVar, Volume, VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import { POSTGRES_DATA_MOUNT, POSTGRES_SOCKET_DIR, PGBACKREST_CONFIG_DIR, PGBACKREST_SECRETS_DIR, RESTORE_REQUEST_DIR, TLS_DIRS } from '../lib/services/paths';
import { PGBACKREST_CONFIG_FILE } from '../lib/services/pgbackrest';
import { BACKUP_SERVER_PORT } from '../lib/topology/derive';
import { mebibytes, millicores } from '../lib/topology/units';
import type { ChartContext } from './data-chart';
import { containerPorts } from './data-chart';
import { REPOSITORY_SECRET } from './names';
import type { Allowed } from './network-policies';
import { configVolume, container, readOnly, resources } from './pods';

/** Debian's pgBackRest looks elsewhere. */
export const BACKUP_ENV: EnvVar[] = [
  { name: 'PGBACKREST_CONFIG', value: `${PGBACKREST_CONFIG_DIR}/${PGBACKREST_CONFIG_FILE}` },
  { name: 'PGBACKREST_CONFIG_INCLUDE_PATH', value: PGBACKREST_SECRETS_DIR },
];

export const pgbackrestVolumes = (configMap: string): Volume[] => [
  configVolume('pgbackrest', configMap),
  { name: 'repository', secret: { secretName: REPOSITORY_SECRET, defaultMode: 0o440 } },
];

export const repositoryMounts: VolumeMount[] = [
  { name: 'pgbackrest', mountPath: `${PGBACKREST_CONFIG_DIR}/${PGBACKREST_CONFIG_FILE}`, subPath: PGBACKREST_CONFIG_FILE, readOnly: true },
  readOnly('repository', PGBACKREST_SECRETS_DIR),
];

/** The object store has no pods and no fixed addresses: HTTPS to anywhere. */
export const STORE_EGRESS: Allowed = { peer: { ipBlock: { cidr: '0.0.0.0/0' } }, ports: [443] };

/** Beside the database: lets backup jobs read the data directory over TLS, and nothing else. */
export const backupServer = ({ platform }: ChartContext): Container =>
  container({
    name: 'backup-server',
    image: platform.images.patroni,
    imagePullPolicy: platform.imagePullPolicy,
    command: ['holdfast-backup-server', POSTGRES_DATA_MOUNT, RESTORE_REQUEST_DIR],
    env: BACKUP_ENV,
    ports: containerPorts({ backup: BACKUP_SERVER_PORT }),
    // Compresses and encrypts on behalf of the job, a few processes at a time.
    resources: resources({ cpu: millicores(20), memory: mebibytes(256), cpuLimit: millicores(2000) }),
    volumeMounts: [
      { name: 'data', mountPath: POSTGRES_DATA_MOUNT },
      { name: 'run', mountPath: POSTGRES_SOCKET_DIR },
      { name: 'tmp', mountPath: '/tmp', subPath: 'backup-server' },
      readOnly('restore', RESTORE_REQUEST_DIR),
      readOnly('postgres-tls', TLS_DIRS.postgres),
      ...repositoryMounts,
    ],
  });
