import type { History, ReadEvent } from '../events';
import { count, EMPTY, idSet, idSetOf, intersect, subtract, union, type IdRange, type IdSet } from '../id-set';

/** Rows of one client that should be in the table and are not. */
export interface MissingRows {
  readonly client: string;
  readonly ids: IdSet;
  readonly count: number;
}

export interface RowsResult {
  /** Acknowledged to the client, and missing. Writes with an unknown outcome are neither lost nor kept. */
  readonly ackedLost: readonly MissingRows[];
  /** Seen by a read, and missing: whether or not they were ever acknowledged. */
  readonly readThenLost: readonly MissingRows[];
  /** Seconds between the earliest lost acknowledgement and the fault (or the latest lost one, if that is later); 0: nothing lost. */
  readonly rpoSeconds: number;
  /** Clients whose final rows nobody read, or read too early: for them it can't be told. */
  readonly unreadClients: readonly string[];
}

const missing = (client: string, ids: IdSet): MissingRows => ({ client, ids, count: count(ids) });

/** The rows of `client` that are in the table at the end; null when not read, or read before the last acknowledgement. */
const finalRows = (history: History, client: string): IdSet | null => {
  const rows = history.rows.findLast((r) => r.client === client);
  const lastAck = history.writes.findLast((w) => w.client === client && w.outcome === 'acked');
  if (!rows || (lastAck && rows.t < lastAck.t)) return null;
  return idSet(rows.present);
};

const seenBy = (read: ReadEvent, client: string): { readonly upTo: number; readonly without: IdSet } => ({
  upTo: read.ok === false ? 0 : (read.maxIdPerClient[client] ?? 0),
  without: idSet((read.missing?.[client] ?? []).map((entry): IdRange => (typeof entry === 'number' ? [entry, entry] : entry))),
});

/** Only rows that are absent at the end matter, and those are few: each read is compared with them, not with all rows. */
const seenAndAbsent = (history: History, client: string, present: IdSet): IdSet => {
  const absentUpTo = (max: number): IdSet => subtract([[1, max]], present);
  return history.reads.reduce<IdSet>((lost, read) => {
    const { upTo, without } = seenBy(read, client);
    if (upTo < 1) return lost;
    const absent = subtract(absentUpTo(upTo), without);
    return absent.length === 0 ? lost : union(lost, absent);
  }, EMPTY);
};

const clientsOf = (history: History): readonly string[] =>
  [...new Set([...history.writes.map((w) => w.client), ...history.reads.flatMap((r) => Object.keys(r.maxIdPerClient))])].sort();

const rpoOf = (history: History, faultAt: number, lost: readonly MissingRows[]): number => {
  const ids = new Map(lost.map((l) => [l.client, l.ids]));
  const times = history.writes.filter((w) => w.outcome === 'acked' && intersect(ids.get(w.client) ?? EMPTY, [[w.id, w.id]]).length > 0).map((w) => w.t);
  return times.length === 0 ? 0 : Math.max(faultAt, ...times) - Math.min(...times);
};

/** Compares what was acknowledged and what was read, over all clients (excluded ones too), with the rows that are there at the end. */
export const missingRows = (history: History, faultAt: number): RowsResult => {
  const ackedLost: MissingRows[] = [];
  const readThenLost: MissingRows[] = [];
  const unreadClients: string[] = [];
  for (const client of clientsOf(history)) {
    const present = finalRows(history, client);
    if (present === null) {
      unreadClients.push(client);
      continue;
    }
    const acked = idSetOf(history.writes.filter((w) => w.client === client && w.outcome === 'acked').map((w) => w.id));
    const lost = subtract(acked, present);
    const vanished = seenAndAbsent(history, client, present);
    if (lost.length > 0) ackedLost.push(missing(client, lost));
    if (vanished.length > 0) readThenLost.push(missing(client, vanished));
  }
  return { ackedLost, readThenLost, rpoSeconds: rpoOf(history, faultAt, ackedLost), unreadClients };
};

export const total = (rows: readonly MissingRows[]): number => rows.reduce((sum, r) => sum + r.count, 0);
