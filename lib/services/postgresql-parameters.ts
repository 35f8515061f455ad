import type { Region } from '../topology/types';
import { POSTGRES_SOCKET_DIR, TLS_DIRS, tlsFiles } from './paths';

export type ParameterValue = string | number | boolean;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** Commits are refused by this library when a session of an application role asks for less than a synchronous commit. */
const COMMIT_GUARD = 'holdfast_commit_guard';

/** Slots and senders for every member, with room for base backups and for the next standby. */
const REPLICATION_SLOTS = 16;

/**
 * Parameters that PostgreSQL needs equal on every member of a cluster: Patroni takes them from its dynamic configuration only (in etcd), and passes them on
 * the command line.
 */
export const clusterWideParameters = (region: Region): Parameters => ({
  max_connections: region.postgres.maxConnections,
  max_wal_senders: REPLICATION_SLOTS,
  max_replication_slots: REPLICATION_SLOTS,
  max_worker_processes: 8,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
  track_commit_timestamp: 'off',
  wal_level: 'replica',
  wal_log_hints: 'on',
  wal_keep_size: '128MB',
  hot_standby: 'on',
});

/** Parameters of each member's own configuration file. The model's own come last, and can't be among the reserved ones. */
export const memberParameters = (region: Region): Parameters => ({
  ...memory(region),
  ...security(),
  ...replication(region),
  ...connections(),
  ...operation(region),
  ...region.postgres.parameters,
});

const memory = (region: Region): Parameters => ({ shared_buffers: `${region.postgres.sharedBuffers}MB` });

const security = (): Parameters => {
  const files = tlsFiles(TLS_DIRS.postgres);
  return {
    ssl: 'on',
    ssl_ca_file: files.ca,
    ssl_cert_file: files.cert,
    ssl_key_file: files.key,
    ssl_min_protocol_version: 'TLSv1.3',
    password_encryption: 'scram-sha-256',
    unix_socket_directories: POSTGRES_SOCKET_DIR,
    shared_preload_libraries: `${COMMIT_GUARD},pg_stat_statements`,
  };
};

const replication = (region: Region): Parameters => ({
  synchronous_commit: 'on',
  // A standby reports every second, so five silent seconds mean that it or the way to it is gone: only then Patroni sees it missing from
  // pg_stat_replication and names another synchronous standby. Until then commits wait; much shorter, and a slow disk would be taken for a lost node.
  wal_receiver_status_interval: '1s',
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  // How soon a standby tries again after its stream broke. After a promotion the first commit waits for exactly this (default: 5 s).
  wal_retrieve_retry_interval: '200ms',
  // Bounds what an absent member's slot may keep: rather rebuild that member than fill the primary's disk.
  max_slot_wal_keep_size: walSize(region, 4, 65_536),
});

const connections = (): Parameters => ({
  tcp_keepalives_idle: 2,
  tcp_keepalives_interval: 1,
  tcp_keepalives_count: 3,
  tcp_user_timeout: '5s',
  // A statement whose client is gone does not hold its locks until it ends.
  client_connection_check_interval: '5s',
});

const operation = (region: Region): Parameters => ({
  // After a crash Patroni decides what happens next; a server that restarts by itself behind its back would race with a failover.
  restart_after_crash: 'off',
  // Bounds how much a crashed member replays before it can rejoin.
  checkpoint_timeout: '5min',
  max_wal_size: walSize(region, 4, 4096),
  min_wal_size: walSize(region, 16, 1024),
  wal_compression: 'lz4',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_checkpoints: 'on',
  log_lock_waits: 'on',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_timezone: 'UTC',
  timezone: 'UTC',
});

/** One part in `parts` of the volume for WAL, in whole segments of 16 MB, at least 128 MB and at most `limit` MB. */
const walSize = (region: Region, parts: number, limit: number): string => {
  const megabytes = (region.postgres.storage * 1024) / parts;
  return `${Math.max(128, Math.min(limit, Math.floor(megabytes / 16) * 16))}MB`;
};

/** Parameters that Patroni sets by itself; whatever a user writes would be ignored or break replication. */
const OWNED_BY_PATRONI = [
  'archive_cleanup_command',
  'cluster_name',
  'config_file',
  'data_directory',
  'hba_file',
  'hot_standby',
  'ident_file',
  'listen_addresses',
  'port',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'recovery_min_apply_delay',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_inclusive',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_timeline',
  'recovery_target_xid',
  'restore_command',
  'synchronous_standby_names',
] as const;

/** Off, these lose data or break failover on a crash. */
const DURABILITY = ['data_sync_retry', 'fsync', 'full_page_writes', 'ignore_checksum_failure', 'wal_sync_method', 'zero_damaged_pages'] as const;

/** Parameters that Holdfast sets for the promises to hold, but not those which only tune (a user may set `max_wal_size`). */
const SET_HERE = [
  'max_connections',
  'max_wal_senders',
  'max_replication_slots',
  'max_worker_processes',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'track_commit_timestamp',
  'wal_level',
  'wal_log_hints',
  'wal_keep_size',
  'wal_keep_segments',
  'shared_buffers',
  'ssl',
  'ssl_ca_file',
  'ssl_cert_file',
  'ssl_key_file',
  'ssl_min_protocol_version',
  'ssl_max_protocol_version',
  'password_encryption',
  'unix_socket_directories',
  'unix_socket_permissions',
  'unix_socket_group',
  'shared_preload_libraries',
  'synchronous_commit',
  'wal_receiver_status_interval',
  'wal_sender_timeout',
  'wal_receiver_timeout',
  'wal_retrieve_retry_interval',
  'max_slot_wal_keep_size',
  'tcp_keepalives_idle',
  'tcp_keepalives_interval',
  'tcp_keepalives_count',
  'tcp_user_timeout',
  'restart_after_crash',
  'log_destination',
  'logging_collector',
] as const;

/** Parameters (lower case) that `postgres.parameters` of the model may not set. PostgreSQL's names are case-insensitive. */
export const RESERVED_PARAMETERS: readonly string[] = [...OWNED_BY_PATRONI, ...DURABILITY, ...SET_HERE].toSorted();
