/**
 * PostgreSQL parameters that Holdfast or Patroni sets itself, because a promise depends on them. An environment that sets one is refused,
 * and the Patroni renderer sets nothing outside this list on its own.
 */
export const RESERVED_PARAMETERS: ReadonlySet<string> = new Set([
  // Patroni's own: passed on the command line, a value from elsewhere would be ignored silently.
  'cluster_name',
  'hot_standby',
  'listen_addresses',
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_replication_slots',
  'max_wal_senders',
  'max_worker_processes',
  'port',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'recovery_target',
  'recovery_target_timeline',
  'restore_command',
  'synchronous_standby_names',
  'track_commit_timestamp',
  'unix_socket_directories',
  'wal_keep_segments',
  'wal_keep_size',
  'wal_level',
  // Durability and rewinding: zero loss depends on them.
  'data_checksums',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'wal_log_hints',
  'wal_sync_method',
  // Memory, sized by the model.
  'shared_buffers',
  // Timeouts that the budget counts on.
  'restart_after_crash',
  'tcp_user_timeout',
  'wal_receiver_timeout',
  'wal_retrieve_retry_interval',
  'wal_sender_timeout',
  // Access and secrets.
  'hba_file',
  'ident_file',
  'password_encryption',
  'ssl',
  'ssl_ca_file',
  'ssl_cert_file',
  'ssl_crl_file',
  'ssl_key_file',
  'ssl_min_protocol_version',
  // The guard against commits that wait for nobody.
  'shared_preload_libraries',
  'local_preload_libraries',
  'session_preload_libraries',
  // Places in the container.
  'config_file',
  'data_directory',
  'external_pid_file',
  'log_destination',
  'logging_collector',
]);
