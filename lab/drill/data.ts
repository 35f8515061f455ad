/** The rows of a drill: tables before it, what is left after it, and whether what is left is sound. */
import type { HistoryEvent } from '../../lib/drill/events';
import { asSuperuser } from '../database';
import { now } from '../meter/clock';
import { METER_TABLE, PROBE_TABLE } from '../meter/tables';
import type { LabSettings } from '../settings';

/** Empty tables, owned by the application. */
export const prepareTables = (lab: LabSettings, leader: string): Promise<void> =>
  asSuperuser(lab, leader, async (client) => {
    const role = client.escapeIdentifier(lab.region.postgres.applicationRole);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${METER_TABLE} (client text, id bigint, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (client, id))`,
    );
    await client.query(`CREATE TABLE IF NOT EXISTS ${PROBE_TABLE} (member text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())`);
    await client.query(`TRUNCATE ${METER_TABLE}, ${PROBE_TABLE}`);
    await client.query(`ALTER TABLE ${METER_TABLE} OWNER TO ${role}`);
  });

/** Which ids of each client are in the table, as the leader has it. */
export const finalRows = (lab: LabSettings, leader: string, clients: readonly string[]): Promise<readonly HistoryEvent[]> =>
  asSuperuser(lab, leader, async (client) => {
    // Consecutive ids share the difference between id and row number.
    const { rows } = await client.query<{ client: string; from: number; to: number }>(
      `SELECT client, min(id)::int AS "from", max(id)::int AS "to"
         FROM (SELECT client, id, id - row_number() OVER (PARTITION BY client ORDER BY id) AS island FROM ${METER_TABLE}) numbered
        GROUP BY client, island ORDER BY client, min(id)`,
    );
    return clients.map((name): HistoryEvent => ({
      t: now(),
      kind: 'rows',
      client: name,
      present: rows.filter((r) => r.client === name).map((r) => [r.from, r.to] as const),
    }));
  });

/** amcheck over every B-tree and the meter's heap, on one member. */
const checkMember = async (lab: LabSettings, member: string): Promise<HistoryEvent> => {
  try {
    return await asSuperuser(lab, member, async (client) => {
      const indexes = await client.query<{ checked: string }>(
        `SELECT count(bt_index_check(index => c.oid, heapallindexed => true))::text AS checked
           FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_am a ON a.oid = c.relam
          WHERE a.amname = 'btree' AND c.relpersistence = 'p' AND i.indisvalid AND i.indisready`,
      );
      const heap = await client.query<{ msg: string }>(`SELECT msg FROM verify_heapam($1)`, [METER_TABLE]);
      const broken = heap.rows.map((r) => r.msg);
      return {
        t: now(),
        kind: 'integrity',
        ok: broken.length === 0,
        detail: `${member}: ${indexes.rows[0]?.checked ?? '0'} indexes, ${broken.length === 0 ? 'heap sound' : broken.join('; ')}`,
      };
    });
  } catch (error) {
    return { t: now(), kind: 'integrity', ok: false, detail: `${member}: ${error instanceof Error ? error.message : String(error)}` };
  }
};

export const checkIntegrity = async (lab: LabSettings, members: readonly string[]): Promise<readonly HistoryEvent[]> =>
  Promise.all(members.map((m) => checkMember(lab, m)));
