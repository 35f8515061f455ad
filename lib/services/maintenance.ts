/** Maintenance of the application's tables: SQL from the model. Names are validated (rules) and quoted all the same; values are parameters. */
import { MAINTENANCE_ROLE, maintenanceTasks, qualified, type MaintenanceTask } from '../topology/maintenance';
import { POSTGRES_PORT, postgresMemberNames, postgresName, NAMESPACE } from '../topology/derive';
import type { Cadence, Environment, Region, RetentionPolicy } from '../topology/types';
import { TLS_DIRS, tlsFiles } from './paths';

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quoteTable = (table: string): string => {
  const { schema, name } = qualified(table);
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
};

/** Rows that are due and that nobody works on; `$1`: the moment before which they are due, `$2`: how many at most. */
const dueRows = ({ table, column }: RetentionPolicy): string =>
  // tableoid: in a partitioned table, two partitions have rows of the same ctid.
  `SELECT tableoid, ctid FROM ${quoteTable(table)} WHERE ${quoteIdentifier(column)} < $1 ORDER BY ${quoteIdentifier(column)} LIMIT $2 FOR UPDATE SKIP LOCKED`;

const deleteDue = ({ table }: RetentionPolicy): string =>
  `DELETE FROM ${quoteTable(table)} AS t USING due WHERE t.tableoid = due.tableoid AND t.ctid = due.ctid`;

/**
 * One batch, in one statement and so in one transaction: rows that are moved are in one of the two tables at any time, whenever the run ends. The rows are locked first
 * and checked again then, so that one which became younger meanwhile stays; those that somebody else has locked are left for another batch.
 * @param columns of the table, in any order; only used to move rows
 */
export const batchSql = (policy: RetentionPolicy, columns: readonly string[]): string => {
  if (policy.archiveTo === null) return `WITH due AS (${dueRows(policy)}) ${deleteDue(policy)}`;
  if (columns.length === 0) throw new Error(`${policy.table} has no columns to move`);
  const names = columns.map(quoteIdentifier).join(', ');
  const moved = `${deleteDue(policy)} RETURNING ${columns.map((name) => `t.${quoteIdentifier(name)}`).join(', ')}`;
  return `WITH due AS (${dueRows(policy)}), moved AS (${moved}) INSERT INTO ${quoteTable(policy.archiveTo)} (${names}) SELECT ${names} FROM moved`;
};

/** How many rows are due. `$1`: as in `batchSql`. */
export const dueCountSql = ({ table, column }: RetentionPolicy): string =>
  `SELECT count(*)::bigint AS due FROM ${quoteTable(table)} WHERE ${quoteIdentifier(column)} < $1`;

/** The moment before which rows are due, by the database's clock; `$1`: seconds. */
export const CUTOFF_SQL = 'SELECT now() - make_interval(secs => $1) AS cutoff';

/** `$1`: schema, `$2`: table. Generated columns make themselves. */
export const COLUMNS_SQL = `SELECT a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`;

/** The application's tables and their sizes, the largest first. */
export const TABLE_SIZES_SQL = `SELECT schemaname AS schema, relname AS name, pg_total_relation_size(relid)::bigint AS bytes, n_live_tup::bigint AS live, n_dead_tup::bigint AS dead
 FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC, schemaname, relname`;

/** Not in a transaction. A table that somebody has locked is left for the next time. */
export const vacuumSql = (schema: string, name: string): string => `VACUUM (ANALYZE, SKIP_LOCKED) ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** What the role needs besides what it has from the start (VACUUM and ANALYZE of everything): given by the tables' owner. */
export const grantsSql = (policies: readonly RetentionPolicy[]): readonly string[] => {
  const role = quoteIdentifier(MAINTENANCE_ROLE);
  const schemas = new Set(
    policies.flatMap(({ table, archiveTo }) => [table, ...(archiveTo === null ? [] : [archiveTo])]).map((table) => qualified(table).schema),
  );
  return [
    ...[...schemas].map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`),
    ...policies.flatMap(({ table, column, archiveTo }) => [
      // Locking a row takes the right to change something of it.
      `GRANT SELECT, DELETE, UPDATE (${quoteIdentifier(column)}) ON ${quoteTable(table)} TO ${role};`,
      ...(archiveTo === null ? [] : [`GRANT INSERT ON ${quoteTable(archiveTo)} TO ${role};`]),
    ]),
  ];
};

/** What the maintenance agent reads at its start (JSON). */
export interface MaintenanceConfig {
  readonly task: MaintenanceTask;
  /** All members: the one that is primary is found by asking. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly database: string;
  readonly role: string;
  /** Files of the role's certificate, and the authority of the servers'. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly batchSize: number;
  readonly batchPauseSeconds: number;
  readonly timeLimitSeconds: number;
  readonly statementTimeoutSeconds: number;
  readonly lockTimeoutSeconds: number;
}

export const maintenanceConfig = (environment: Environment, region: Region, task: MaintenanceTask): MaintenanceConfig => {
  const { maintenance } = environment;
  const name = postgresName(region);
  return {
    task,
    hosts: postgresMemberNames(region).map((member) => `${member}.${name}.${NAMESPACE}.svc.cluster.local`),
    port: POSTGRES_PORT,
    database: region.postgres.database,
    role: MAINTENANCE_ROLE,
    tls: tlsFiles(TLS_DIRS.maintenance),
    batchSize: maintenance.batchSize,
    batchPauseSeconds: maintenance.batchPause,
    timeLimitSeconds: maintenance.timeLimit,
    statementTimeoutSeconds: maintenance.statementTimeout,
    lockTimeoutSeconds: maintenance.lockTimeout,
  };
};

const AT_NIGHT: Readonly<Record<Cadence, string>> = { hour: '* * *', day: '* * *', week: '* * 0', month: '1 * *' };

/** Cron, UTC. Tasks begin some minutes apart, and none at midnight, when everybody's do. */
export const scheduleOf = (environment: Environment, name: string): string => {
  const tasks = maintenanceTasks(environment.maintenance);
  const index = tasks.findIndex((task) => task.name === name);
  const task = tasks[index];
  if (task === undefined) throw new Error(`${environment.name} has no maintenance task "${name}"; it has ${tasks.map((t) => t.name).join(', ')}`);
  const minute = (17 + 7 * index) % 60;
  return `${minute} ${task.every === 'hour' ? '*' : '3'} ${AT_NIGHT[task.every]}`;
};
