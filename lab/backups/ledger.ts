/** The table that a bug deletes half of, as large as it is asked for. */
import type { Client } from 'pg';
import type { Ledger } from '../../lib/drill/backups/judge';

export const LEDGER = 'holdfast_ledger';
/** One row each of the transactions just before and just after the bug. */
export const NEIGHBOURS = 'holdfast_neighbours';
/** With its tuple header, line pointer and index entry, a row takes about so much. */
const BYTES_PER_ROW = 1085;
const PER_BATCH = 25_000;
/** Half of it repeats, as real rows do; the rest does not compress. */
const BODY = `repeat(md5(g::text), 16) || (SELECT string_agg(md5((g * 31 + k)::text), '') FROM generate_series(1, 15) k)`;

export const rowsFor = (megabytes: number): number => Math.max(1000, Math.round((megabytes * 1e6) / BYTES_PER_ROW));

const countRows = async (client: Client): Promise<number> => (await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${LEDGER}`)).rows[0]?.n ?? 0;

/** Whole already, from a run before: it need not be made again. */
const isWhole = async (client: Client, rows: number): Promise<boolean> => {
  const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [LEDGER]);
  if (found[0]?.there !== true || (await countRows(client)) !== rows) return false;
  return (await checkLedger(client, rows)).altered === 0;
};

/** Full of rows 1 to `rows`; owned by the application. */
export const fillLedger = async (client: Client, rows: number, owner: string): Promise<void> => {
  const role = client.escapeIdentifier(owner);
  await client.query(`DROP TABLE IF EXISTS ${NEIGHBOURS}`);
  await client.query(`CREATE TABLE ${NEIGHBOURS} (which text PRIMARY KEY)`);
  if (await isWhole(client, rows)) return;
  await client.query(`DROP TABLE IF EXISTS ${LEDGER}`);
  await client.query(`CREATE TABLE ${LEDGER} (id bigint PRIMARY KEY, body text NOT NULL)`);
  await client.query(`ALTER TABLE ${LEDGER} ALTER COLUMN body SET STORAGE PLAIN`);
  for (let from = 1; from <= rows; from += PER_BATCH)
    await client.query(`INSERT INTO ${LEDGER} SELECT g, ${BODY} FROM generate_series($1::bigint, $2::bigint) g`, [from, Math.min(rows, from + PER_BATCH - 1)]);
  await client.query(`ALTER TABLE ${LEDGER} OWNER TO ${role}`);
};

export const dropLedger = (client: Client): Promise<unknown> => client.query(`DROP TABLE IF EXISTS ${LEDGER}, ${NEIGHBOURS}`);

/** The moment just before the bug's commit, in every way that it can be named. */
export interface Moment {
  /** The bug's own transaction. */
  readonly xid: string;
  readonly time: string;
  readonly lsn: string;
  readonly name: string;
}

/** Deletes half of the table and commits; another session commits just before and just after it. */
export const deleteHalf = async (
  client: Client,
  neighbour: Client,
  clock: () => number,
): Promise<{ readonly moment: Moment; readonly sentAt: number; readonly doneAt: number }> => {
  const write = (which: string): Promise<unknown> => neighbour.query(`INSERT INTO ${NEIGHBOURS} VALUES ($1)`, [which]);
  await client.query('BEGIN');
  await client.query(`DELETE FROM ${LEDGER} WHERE id % 2 = 0`);
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');
  await write('before');
  const name = `before-the-bug-${rows[0]?.xid ?? ''}`;
  const { rows: moments } = await neighbour.query<{ time: string; lsn: string }>(
    'SELECT clock_timestamp()::text AS time, pg_create_restore_point($1) AS named, pg_current_wal_insert_lsn()::text AS lsn',
    [name],
  );
  const [{ xid } = { xid: '' }, { time, lsn } = { time: '', lsn: '' }] = [rows[0], moments[0]];
  const sentAt = clock();
  await client.query('COMMIT');
  const doneAt = clock();
  await write('after');
  return { moment: { xid, time, lsn, name }, sentAt, doneAt };
};

export const readNeighbours = async (client: Client): Promise<{ readonly before: boolean; readonly after: boolean }> => {
  const { rows } = await client.query<{ which: string }>(`SELECT which FROM ${NEIGHBOURS}`);
  return { before: rows.some((r) => r.which === 'before'), after: rows.some((r) => r.which === 'after') };
};

/** What somebody does to the table after the bug, and wants to keep: odd rows are changed, rows beyond the last are added. */
const CHANGED = 10;
export const CHANGED_BODY = 'changed after the bug';
export const changeAfterwards = async (client: Client, rows: number): Promise<number> => {
  await client.query(`UPDATE ${LEDGER} SET body = $1 WHERE id % 2 = 1 AND id <= $2`, [CHANGED_BODY, 2 * CHANGED]);
  const added = await client.query(`INSERT INTO ${LEDGER} SELECT g, ${BODY} FROM generate_series($1::bigint, $2::bigint) g`, [rows + 1, rows + 100]);
  return added.rowCount ?? 0;
};

/** Every hundredth row is compared with what was written, and every row that was changed afterwards. @param changed whether rows were */
export const checkLedger = async (client: Client, expected: number, changed = false): Promise<Ledger> => {
  const { rows } = await client.query<{ altered: number }>(
    `SELECT count(*)::int AS altered FROM (SELECT id AS g, body FROM ${LEDGER} WHERE id % 100 = 0 OR id <= ${2 * CHANGED}) l
      WHERE body <> CASE WHEN $1 AND g % 2 = 1 AND g <= ${2 * CHANGED} THEN $2 ELSE ${BODY} END`,
    [changed, CHANGED_BODY],
  );
  return { expected, found: await countRows(client), altered: rows[0]?.altered ?? 0 };
};
