/** The tables of the drill maintenance-under-load: a proof-of-useful-work service's, with rows that are due and rows that are not. */
import type { Client } from 'pg';
import { idSet, subtract, union, type IdSet } from '../../lib/drill/id-set';
import type { TableFound } from '../../lib/drill/operations/maintenance';
import { grantsSql, quoteTable } from '../../lib/services/maintenance';
import type { RetentionPolicy } from '../../lib/topology/types';
import type { LabSettings } from '../settings';

export const RECEIPTS = 'receipts';
const RECEIPTS_ARCHIVE = 'receipts_archive';

interface Amount {
  readonly due: number;
  readonly young: number;
}
/** Ids 1..due are due, the next `young` are not. */
export const AMOUNTS: Readonly<Record<string, Amount>> = {
  challenges: { due: 6000, young: 2000 },
  used_nonces: { due: 6000, young: 2000 },
  [RECEIPTS]: { due: 30_000, young: 5000 },
};
/** Rows that are added while the drill runs begin here. */
export const FIRST_ADDED = 1_000_000;

const amountOf = (table: string): Amount => {
  const amount = AMOUNTS[table];
  if (amount === undefined) throw new Error(`the drill knows no table ${table}`);
  return amount;
};

export const dueIds = (table: string): IdSet => [[1, amountOf(table).due]];
const youngIds = (table: string): IdSet => [[amountOf(table).due + 1, amountOf(table).due + amountOf(table).young]];

/** What a row's content must be, from its id. */
export const BODY = 'md5(id::text)';

const createTable = async (client: Client, { table, column, olderThan }: RetentionPolicy): Promise<void> => {
  const name = quoteTable(table);
  const { due, young } = amountOf(table);
  await client.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, ${column} timestamptz NOT NULL, body text NOT NULL)`);
  await client.query(`CREATE INDEX ON ${name} (${column})`);
  const rows = `SELECT id, now() - make_interval(secs => CASE WHEN id <= ${due} THEN $1 + 3600 + id ELSE $1 / 2 END), ${BODY} FROM generate_series(1, $2) AS id`;
  await client.query(`INSERT INTO ${name} ${rows}`, [olderThan, due + young]);
};

/** Its columns in another order, and one of its own: rows are moved by name. */
const createArchive = (client: Client, policy: RetentionPolicy): Promise<unknown> =>
  client.query(
    `CREATE TABLE ${quoteTable(RECEIPTS_ARCHIVE)} (body text NOT NULL, ${policy.column} timestamptz NOT NULL, id bigint NOT NULL, archived_at timestamptz NOT NULL DEFAULT now())`,
  );

/** Everything made anew, as the superuser; the application owns it. */
export const prepareMaintenanceTables = async (lab: LabSettings, client: Client): Promise<void> => {
  const { retention } = lab.environment.maintenance;
  const owner = client.escapeIdentifier(lab.region.postgres.applicationRole);
  for (const table of [...Object.keys(AMOUNTS), RECEIPTS_ARCHIVE]) await client.query(`DROP TABLE IF EXISTS ${quoteTable(table)}`);
  for (const policy of retention) {
    await createTable(client, policy);
    if (policy.archiveTo !== null) await createArchive(client, policy);
  }
  for (const table of [...retention.map((policy) => policy.table), RECEIPTS_ARCHIVE]) await client.query(`ALTER TABLE ${quoteTable(table)} OWNER TO ${owner}`);
  for (const grant of grantsSql(retention)) await client.query(grant);
};

const idsIn = async (client: Client, table: string): Promise<IdSet> => {
  const { rows } = await client.query<{ from: string; to: string }>(
    `SELECT min(id) AS "from", max(id) AS "to" FROM (SELECT DISTINCT id, id - dense_rank() OVER (ORDER BY id) AS island FROM ${quoteTable(table)}) numbered GROUP BY island`,
  );
  return idSet(rows.map((row) => [Number(row.from), Number(row.to)] as const));
};

const countOf = async (client: Client, sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]?.n ?? 0);

/** Rows of the table and of its archive together, in one snapshot. */
export const rowsInBoth = (client: Client): Promise<number> =>
  countOf(
    client,
    `SELECT (SELECT count(*) FROM ${quoteTable(RECEIPTS)} WHERE id < ${FIRST_ADDED}) + (SELECT count(*) FROM ${quoteTable(RECEIPTS_ARCHIVE)} WHERE id < ${FIRST_ADDED}) AS n`,
  );
export const archivedRows = (client: Client): Promise<number> => countOf(client, `SELECT count(*) AS n FROM ${quoteTable(RECEIPTS_ARCHIVE)}`);

export const ROWS_OF_RECEIPTS = amountOf(RECEIPTS).due + amountOf(RECEIPTS).young;

/**
 * What is there now.
 * @param renewed ids that the application made younger while the task ran, with the database's confirmation
 * @param added ids that it added
 */
export const tableFound = async (client: Client, policy: RetentionPolicy, renewed: IdSet, added: IdSet): Promise<TableFound> => {
  const { table, archiveTo } = policy;
  const altered = (name: string): Promise<number> => countOf(client, `SELECT count(*) AS n FROM ${quoteTable(name)} WHERE body <> ${BODY}`);
  const duplicates = archiveTo === null ? 0 : await countOf(client, `SELECT count(*) - count(DISTINCT id) AS n FROM ${quoteTable(archiveTo)}`);
  return {
    table,
    due: subtract(dueIds(table), renewed),
    kept: union(youngIds(table), union(renewed, added)),
    present: await idsIn(client, table),
    archived: archiveTo === null ? null : await idsIn(client, archiveTo),
    duplicates,
    altered: (await altered(table)) + (archiveTo === null ? 0 : await altered(archiveTo)),
  };
};
