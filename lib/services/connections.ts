/** Who holds the primary's connections, and ending those that hold them too long: SQL, and how far the pools may be raised. */
import { poolerCount } from '../topology/derive';
import { RESERVED_TOTAL, ROLLOUT_SURGE } from '../topology/rules/pooler';
import type { Region } from '../topology/types';

/** Above this share of the connections somebody has to look (P3-5). */
export const CONNECTIONS_ALERT_SHARE = 0.8;

/**
 * Sessions of applications: not this one, not those of the server itself (autovacuum, replication), and not those of superusers, by which an operator gets in.
 * A commit that waits for its synchronous standby is none of them: ended, it would be visible here and nowhere else.
 */
const SESSIONS = `FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
 WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.datname = current_database() AND NOT r.rolsuper AND NOT r.rolreplication`;

/** Since when a session does what it does: its statement, or, between two statements, its transaction. */
const SINCE = `CASE WHEN a.state = 'active' THEN a.query_start WHEN a.state LIKE 'idle in transaction%' THEN a.xact_start END`;
const FIELDS = `a.pid, a.usename AS role, a.application_name AS application, host(a.client_addr) AS address, a.state,
 extract(epoch FROM clock_timestamp() - ${SINCE})::float8 AS seconds, a.wait_event AS waits_for, left(regexp_replace(a.query, '\\s+', ' ', 'g'), 120) AS query`;

export const LIST_SESSIONS_SQL = `SELECT ${FIELDS} ${SESSIONS} ORDER BY seconds DESC NULLS LAST, a.pid`;

const isLong = (seconds: number): string => `(${SINCE}) < clock_timestamp() - make_interval(secs => ${seconds}) AND a.wait_event IS DISTINCT FROM 'SyncRep'`;

const wholeSeconds = (seconds: number): number => {
  if (!Number.isInteger(seconds) || seconds < 1) throw new Error(`older than: given ${seconds}; allowed: whole seconds, 1 or more`);
  return seconds;
};

export const longSessionsSql = (olderThanSeconds: number): string =>
  `SELECT ${FIELDS} ${SESSIONS} AND ${isLong(wholeSeconds(olderThanSeconds))} ORDER BY seconds DESC, a.pid`;

/** A statement is cancelled: its session lives on. A session that idles in a transaction has nothing to cancel: it is ended. */
export const endLongSql = (olderThanSeconds: number): string =>
  `SELECT s.*, CASE WHEN s.state = 'active' THEN pg_cancel_backend(s.pid) ELSE pg_terminate_backend(s.pid) END AS ended FROM (SELECT ${FIELDS} ${SESSIONS} AND ${isLong(wholeSeconds(olderThanSeconds))} OFFSET 0) s`;

export const CONNECTION_USE_SQL = `SELECT current_setting('max_connections')::int AS allowed, (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used`;

export interface Session {
  readonly pid: number;
  readonly role: string;
  readonly application: string;
  readonly address: string | null;
  readonly state: string;
  /** Null: idle, and in no transaction. */
  readonly seconds: number | null;
  readonly waits_for: string | null;
  readonly query: string;
}

/** As the model's rule has it: what all poolers together may take, one more of them during a rollout. */
export const largestPoolSize = (region: Region): number =>
  Math.max(0, Math.floor((region.postgres.maxConnections - RESERVED_TOTAL) / (poolerCount(region) + ROLLOUT_SURGE)));

export const raisePoolCommands = (size: number): readonly string[] => [`SET default_pool_size = ${size}`, `SET max_db_connections = ${size}`];
