/** Histories as a sound system would leave them, made from a seed; tests then plant faults in them. */
import { historyOf, type History, type HistoryEvent, type WriteEvent } from '../../../lib/drill/history';
import type { Expectation } from '../../../lib/drill/expectation';
import { elementAt } from '../../../lib/drill/element';
import { idSetOf } from '../../../lib/drill/id-set';
import { seeded, type Random } from './random';

export const CLIENTS = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'] as const;
export const NODES = ['pg-euc1-0', 'pg-euc1-1', 'pg-euc1-2'] as const;

export interface Plan {
  readonly seed: number;
  readonly start?: number;
  readonly faultAt?: number;
  readonly end?: number;
  /** Null: no failover, the primary serves on. */
  readonly failover?: {
    readonly lostAfter: number;
    readonly releasedAfter: number;
    readonly lockAfter: number;
    readonly promotedAfter: number;
    readonly servedAfter: number;
    readonly healedAfter: number;
    readonly rejoinedAfter: number;
  } | null;
  /** Clients on the old primary's node stop with it and come back when it is healed. */
  readonly excluded?: readonly string[];
  /** What happens to writes in flight when the primary is lost. */
  readonly inFlight?: 'failed' | 'unknown' | 'wait';
  readonly cadence?: number;
}

export const FAILOVER = { lostAfter: 0.02, releasedAfter: 18.9, lockAfter: 19.1, promotedAfter: 19.4, servedAfter: 19.8, healedAfter: 22, rejoinedAfter: 33 };

interface Resolved extends Required<Omit<Plan, 'failover'>> {
  readonly failover: typeof FAILOVER | null;
  readonly random: Random;
}

const resolve = (plan: Plan): Resolved => ({
  start: 1000,
  faultAt: 1010,
  end: 1052,
  excluded: [],
  inFlight: 'unknown',
  cadence: 0.02,
  ...plan,
  failover: plan.failover ?? null,
  random: seeded(plan.seed),
});

/** When the client is not served: from, to. */
const outage = (p: Resolved, client: string): readonly [number, number] | null => {
  if (!p.failover) return null;
  const until = p.excluded.includes(client) ? p.failover.healedAfter + p.random.between(2, 4) : p.failover.servedAfter + p.random.between(0, 0.25);
  return [p.faultAt + p.failover.lostAfter, p.faultAt + until];
};

const writesOf = (p: Resolved, client: string): readonly WriteEvent[] => {
  const down = outage(p, client);
  const writes: WriteEvent[] = [];
  let id = 0;
  for (let at = p.start; at < p.end;) {
    id += 1;
    const done = at + p.random.between(0.002, 0.008);
    const lost = down !== null && done >= down[0] && at < down[1];
    if (lost) {
      // Clients wait for an answer and try again every half second or so: there is always an attempt in flight.
      const t = Math.min(at + p.random.between(0.3, 0.5), down[1]);
      writes.push({
        t,
        kind: 'write',
        client,
        id,
        start: at,
        outcome: p.inFlight === 'failed' ? 'failed' : 'unknown',
        error: 'server closed the connection unexpectedly',
      });
      at = t + p.cadence / 2;
      continue;
    }
    const node = down !== null && at >= down[1] ? NODES[1] : NODES[0];
    writes.push({ t: done, kind: 'write', client, id, start: at, outcome: 'acked', node });
    at = Math.max(done, at + p.cadence);
  }
  return writes.filter((w) => w.t <= p.end);
};

const localCommitsOf = (p: Resolved, node: string): readonly HistoryEvent[] => {
  const events: HistoryEvent[] = [];
  const lost = p.failover ? p.faultAt + p.failover.lostAfter : Infinity;
  const promoted = p.failover ? p.faultAt + p.failover.promotedAfter : Infinity;
  for (let start = p.start + p.random.between(0, 0.04); start < p.end; start += 0.045) {
    const t = start + p.random.between(0.001, 0.004);
    const ok = node === NODES[0] ? t < lost : node === NODES[1] ? start >= promoted : false;
    const gone = node === NODES[0] && t >= lost && t < p.faultAt + (p.failover?.rejoinedAfter ?? 0);
    events.push({
      t,
      kind: 'local-commit',
      node,
      start,
      ok,
      inRecovery: !ok && !gone,
      ...(ok ? {} : { error: gone ? 'no such file or directory' : 'cannot execute INSERT in a read-only transaction' }),
    });
  }
  return events;
};

const rolesOf = (p: Resolved): readonly HistoryEvent[] => {
  const events: HistoryEvent[] = [];
  for (let t = p.start; t < p.end; t += 0.5) {
    const since = t - p.faultAt;
    const f = p.failover;
    const over = f !== null && since >= f.promotedAfter;
    const gone = f !== null && since >= 0 && since < f.rejoinedAfter;
    events.push({
      t,
      kind: 'role',
      member: NODES[0],
      ...(gone
        ? { state: 'unreachable', role: null, timeline: null }
        : over
          ? { state: 'streaming', role: 'replica', timeline: 2 }
          : { state: 'running', role: 'primary', timeline: 1 }),
    });
    events.push({
      t,
      kind: 'role',
      member: NODES[1],
      ...(over ? { state: 'running', role: 'primary', timeline: 2 } : { state: 'streaming', role: 'sync_standby', timeline: 1 }),
    });
    events.push({ t, kind: 'role', member: NODES[2], state: 'streaming', role: over ? 'sync_standby' : 'replica', timeline: over ? 2 : 1 });
  }
  return events;
};

const leadersOf = (p: Resolved): readonly HistoryEvent[] => {
  const events: HistoryEvent[] = [];
  for (let t = p.start; t < p.end; t += 0.1) {
    const since = t - p.faultAt;
    const f = p.failover;
    const member = f && since >= f.lockAfter ? NODES[1] : f && since >= f.releasedAfter ? null : NODES[0];
    events.push({ t, kind: 'leader', member: member as string | null });
  }
  return events;
};

/** Reads see every row that was acknowledged by then, for each client. */
const readsOf = (p: Resolved, writes: readonly WriteEvent[]): readonly HistoryEvent[] => {
  const acked = writes.filter((w) => w.outcome === 'acked').sort((a, b) => a.t - b.t);
  const events: HistoryEvent[] = [];
  const seen = new Map<string, { max: number; missing: (readonly [number, number])[] }>(CLIENTS.map((client) => [client, { max: 0, missing: [] }]));
  let next = 0;
  for (let start = p.start + 0.2; start < p.end; start += 0.5) {
    for (; next < acked.length && elementAt(acked, next).t <= start; next += 1) {
      const { client, id } = elementAt(acked, next);
      const rows = seen.get(client);
      if (!rows) throw new Error(`no client ${client}`);
      if (id > rows.max + 1) rows.missing.push([rows.max + 1, id - 1]);
      rows.max = id;
    }
    const maxIdPerClient = Object.fromEntries([...seen].map(([client, { max }]) => [client, max]));
    const missing = Object.fromEntries([...seen].map(([client, rows]) => [client, [...rows.missing]]));
    events.push({ t: start + 0.004, kind: 'read', client: CLIENTS[1], start, maxIdPerClient, missing });
  }
  return events;
};

const marksOf = (p: Resolved): readonly HistoryEvent[] => {
  const marks: HistoryEvent[] = [
    { t: p.start + 3, kind: 'mark', name: 'steady' },
    { t: p.faultAt, kind: 'mark', name: 'faultAt' },
    { t: p.end, kind: 'mark', name: 'end' },
  ];
  if (!p.failover) return marks;
  return [
    ...marks,
    { t: p.faultAt + p.failover.healedAfter, kind: 'mark', name: 'healedAt' },
    { t: p.faultAt + p.failover.promotedAfter + 0.2, kind: 'mark', name: 'routed' },
  ];
};

const made = new Map<string, readonly HistoryEvent[]>();
/** The events of a sound run, unsorted. Each plan's are made once: nobody changes them. */
export const soundEvents = (plan: Plan): readonly HistoryEvent[] => {
  const key = JSON.stringify(plan);
  const events = made.get(key) ?? makeEvents(plan);
  made.set(key, events);
  return events;
};

const makeEvents = (plan: Plan): readonly HistoryEvent[] => {
  const p = resolve(plan);
  const writes = CLIENTS.flatMap((client) => writesOf(p, client));
  const rows = CLIENTS.map((client): HistoryEvent => ({
    t: p.end + 1,
    kind: 'rows',
    client,
    present: idSetOf(writes.filter((w) => w.client === client && w.outcome === 'acked').map((w) => w.id)),
  }));
  return [
    ...writes,
    ...readsOf(p, writes),
    ...NODES.flatMap((node) => localCommitsOf(p, node)),
    ...leadersOf(p),
    ...rolesOf(p),
    ...marksOf(p),
    ...rows,
    { t: p.end + 2, kind: 'integrity', ok: true, detail: 'amcheck: 4 indexes of 3 members sound' },
  ];
};

export const soundHistory = (plan: Plan): History => historyOf(soundEvents(plan));

/** What a drill that kills the primary's node expects of such a history. */
export const expectationOf = (changes: Partial<Expectation> = {}): Expectation => ({
  clients: CLIENTS,
  excluded: [],
  members: NODES,
  leaderChanges: { min: 1, max: 1 },
  planned: false,
  objective: { rtoSeconds: 30, rpoSeconds: 0 },
  budgetUpperSeconds: 26,
  healthyDeadlineSeconds: 60,
  ...changes,
});
