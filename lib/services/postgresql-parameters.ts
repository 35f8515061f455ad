import type { Environment, Region } from '../topology/types';
import { LEASE_FILE } from './lease-keeper';
import { POSTGRES_SOCKET_DIR, TLS_DIRS, tlsFiles } from './paths';
import { archiveCommand } from './pgbackrest';
import { walSize } from './wal-size';

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

/**
 * Parameters of each member's own configuration file. The model's `parameters` come last: they replace what only tunes (`max_wal_size`), and can't be among
 * those that a promise depends on (RESERVED_PARAMETERS in lib/topology).
 */
export const memberParameters = (environment: Environment, region: Region): Parameters => ({
  ...memory(region),
  ...security(),
  ...fencing(environment),
  ...replication(region),
  ...connections(),
  ...operation(region),
  ...archiving(environment),
  ...lowerCased(region.postgres.parameters),
});

/** PostgreSQL's parameter names are case-insensitive; a key of another spelling would not replace ours but stand beside it. */
const lowerCased = (parameters: Parameters): Parameters => Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name.toLowerCase(), value]));

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

/** Where regions fail over, commits need this region's lease (docs/fencing.md). */
const fencing = (environment: Environment): Parameters => (environment.failover === null ? {} : { [`${COMMIT_GUARD}.lease_file`]: LEASE_FILE });

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

/** What notices that the other end of a connection is gone is in images/patroni/connections.conf, and why it is there. */
const connections = (): Parameters => ({
  // A statement whose client is gone does not hold its locks until it ends.
  client_connection_check_interval: '5s',
});

/** Only a primary archives; no restore_command: a standby that falls behind is rebuilt, and no promotion ever waits for the store (docs/adr/0302). */
const archiving = (environment: Environment): Parameters => ({
  archive_mode: 'on',
  archive_command: archiveCommand(environment),
  archive_timeout: `${environment.backups.archiveTimeout}s`,
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
  // Who logs in, and from where: what `holdfast audit` reads.
  log_connections: 'on',
  log_line_prefix: '%m [%p] %q%u@%d %h ',
  log_timezone: 'UTC',
  timezone: 'UTC',
});
