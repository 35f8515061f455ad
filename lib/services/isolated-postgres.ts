/** PostgreSQL servers that recover from the archive and are no members of the cluster: isolated copies, and the replica that stays behind. */
import { POSTGRES_PORT } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import { POSTGRES_SOCKET_DIR, TLS_DIRS, tlsFiles } from './paths';
import { BACKUP_CLIENT, BACKUP_ROLE, restoreCommand } from './pgbackrest';
import { clusterWideParameters, type Parameters } from './postgresql-parameters';

export const ISOLATED_CONFIG_DIR = '/etc/postgresql';
export const ISOLATED_FILES = { conf: 'postgresql.conf', hba: 'pg_hba.conf', ident: 'pg_ident.conf' } as const;

const file = (parameters: Parameters): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : `'${String(value).replaceAll("'", "''")}'`}\n`)
    .join('');

const shared = (region: Region): Parameters => ({
  // A standby needs at least as many of each as its primary had.
  ...clusterWideParameters(region),
  hba_file: `${ISOLATED_CONFIG_DIR}/${ISOLATED_FILES.hba}`,
  archive_mode: 'off',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
});

/** For a copy that is looked at once and thrown away. */
export const cloneConfiguration = (region: Region): Readonly<Record<string, string>> => ({
  [ISOLATED_FILES.conf]: file({
    ...shared(region),
    listen_addresses: '',
    unix_socket_directories: '/tmp',
    shared_buffers: '64MB',
    // It is made again from the repository if anything happens to it.
    fsync: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    max_wal_size: '512MB',
  }),
  // The container's own user; nobody else reaches the socket.
  [ISOLATED_FILES.hba]: 'local all postgres peer\n',
});

/** For the replica that stays behind. */
export const delayedConfiguration = (environment: Environment, region: Region, delay: number): Readonly<Record<string, string>> => {
  const files = tlsFiles(TLS_DIRS.postgres);
  const pods = region.network.vpcCidr;
  return {
    [ISOLATED_FILES.conf]: file({
      ...shared(region),
      listen_addresses: '*',
      port: POSTGRES_PORT,
      ident_file: `${ISOLATED_CONFIG_DIR}/${ISOLATED_FILES.ident}`,
      unix_socket_directories: POSTGRES_SOCKET_DIR,
      shared_buffers: `${region.postgres.sharedBuffers}MB`,
      ssl: 'on',
      ssl_ca_file: files.ca,
      ssl_cert_file: files.cert,
      ssl_key_file: files.key,
      ssl_min_protocol_version: 'TLSv1.3',
      password_encryption: 'scram-sha-256',
      restore_command: restoreCommand(environment),
      recovery_min_apply_delay: `${delay}s`,
      recovery_target_timeline: 'latest',
      wal_retrieve_retry_interval: '2s',
      // Queries read the past for as long as they like: what they hold up is only this replica.
      max_standby_archive_delay: -1,
    }),
    [ISOLATED_FILES.hba]: [
      'local all postgres peer',
      // Jobs that pause it or extract rows, by their certificate.
      `hostssl all ${BACKUP_ROLE} ${pods} cert map=jobs`,
      'host all all all reject',
      '',
    ].join('\n'),
    [ISOLATED_FILES.ident]: `jobs ${BACKUP_CLIENT} ${BACKUP_ROLE}\n`,
  };
};
