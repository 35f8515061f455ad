import { POOLER_PORT } from '../topology/derive';
import type { Region } from '../topology/types';
import { PGBOUNCER_DATABASES_FILE, PGBOUNCER_RUN_DIR, PGBOUNCER_USERS_FILE, TLS_DIRS, tlsFiles } from './paths';

type Settings = Readonly<Record<string, string | number>>;

/**
 * pgbouncer.ini. Its own defaults wait 15 s here and there, and would dominate every failover:
 * what decides how soon a new primary is used is set from the model.
 */
export const pgbouncerIni = (region: Region): string => {
  const settings: Settings = { ...listening(region), ...pooling(region), ...followingTheLeader(region), ...authentication(), ...logging() };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return [`%include ${PGBOUNCER_DATABASES_FILE}`, '', '[pgbouncer]', ...lines, ''].join('\n');
};

const listening = (region: Region): Settings => ({
  listen_addr: '0.0.0.0',
  listen_port: POOLER_PORT,
  // The admin console: PgBouncer lets the user `pgbouncer` in without a password over this socket if its uid is PgBouncer's own.
  unix_socket_dir: PGBOUNCER_RUN_DIR,
  unix_socket_mode: '0700',
  max_client_conn: region.pooler.maxClientConnections,
  client_login_timeout: 15,
  ignore_startup_parameters: 'extra_float_digits',
});

const pooling = (region: Region): Settings => ({
  pool_mode: 'transaction',
  default_pool_size: region.pooler.poolSize,
  // All poolers' pools together fit max_connections (a rule of the model): never more than this, whoever connects.
  max_db_connections: region.pooler.poolSize,
  max_prepared_statements: 200,
  server_lifetime: 3600,
  server_idle_timeout: 600,
});

const followingTheLeader = (region: Region): Settings => ({
  query_wait_timeout: region.pooler.queryWaitTimeout,
  server_login_retry: region.pooler.serverLoginRetry,
  server_connect_timeout: region.pooler.serverConnectTimeout,
  // After a reload that names another server, connections to the old one end with their transaction, not with their lifetime.
  server_fast_close: 1,
  // A connection is checked before every use: one that died with its server costs no client an error.
  server_check_delay: 0,
  // A server that fell silent is found within three seconds, also while a query waits for its answer.
  tcp_keepalive: 1,
  tcp_keepidle: 2,
  tcp_keepintvl: 1,
  tcp_keepcnt: 3,
  tcp_user_timeout: 3000,
});

const authentication = (): Settings => {
  const own = tlsFiles(TLS_DIRS.pgbouncer);
  return {
    auth_type: 'scram-sha-256',
    auth_file: PGBOUNCER_USERS_FILE,
    client_tls_sslmode: 'require',
    client_tls_cert_file: own.cert,
    client_tls_key_file: own.key,
    // Not asked for (clients have passwords), but without it PgBouncer insists on loading the system's, which the image doesn't have.
    client_tls_ca_file: own.ca,
    client_tls_protocols: 'secure',
    // Servers are named by address (no DNS in the failover path), so the chain is verified and the name is not.
    server_tls_sslmode: 'verify-ca',
    server_tls_ca_file: tlsFiles(TLS_DIRS.postgresCa).ca,
    server_tls_protocols: 'secure',
  };
};

const logging = (): Settings => ({ log_connections: 1, log_disconnections: 0, log_pooler_errors: 1, stats_period: 60 });

/**
 * databases.ini: the one line that says where the primary is.
 * @param host address of the primary
 */
export const databasesIni = (host: string, port: number, region: Region): string => databasesIniFor(host, port, region.postgres.database);

/** The same for the follower, which knows the database's name only. */
export const databasesIniFor = (host: string, port: number, database: string): string =>
  ['[databases]', `${database} = host=${host} port=${port} dbname=${database}`, ''].join('\n');

/**
 * What PgBouncer starts with, before the follower has found the leader: nothing listens there, so a query waits (`query_wait_timeout`) or fails, and can never
 * reach a wrong server. The pod isn't ready until the follower has written the real line.
 */
export const initialDatabasesIni = (region: Region): string => databasesIni('127.0.0.1', 1, region);
