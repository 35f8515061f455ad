/**
 * What the meters of a drill saw, one event per line of JSON. Times (`t`, `start`) are seconds of one clock, shared by everything on the machine; only
 * differences matter. `t` is when the event was complete, `start` when the attempt began, so the truth lies in `[start, t]`.
 */
import type { IdRange } from './id-set';

/** One attempt of a client to insert row `id`, through its pooler. A retry is another event, of the same or of a new id. */
export interface WriteEvent {
  readonly t: number;
  readonly kind: 'write';
  readonly client: string;
  /** >= 1, counted by the client. */
  readonly id: number;
  readonly start: number;
  /** `acked`: the commit was acknowledged. `failed`: certainly not applied. `unknown`: the connection was lost with the write in flight. */
  readonly outcome: 'acked' | 'failed' | 'unknown';
  /** The member that acknowledged (`RETURNING inet_server_addr()` or the like). Without it nobody can tell whether two nodes acknowledged at once. */
  readonly node?: string;
  readonly error?: string;
}

/** What one read through the pooler saw: of each client the rows 1..max without `missing`. A failed read has `ok: false` and saw nothing. */
export interface ReadEvent {
  readonly t: number;
  readonly kind: 'read';
  readonly client: string;
  readonly start: number;
  readonly ok?: boolean;
  readonly maxIdPerClient: Readonly<Record<string, number>>;
  /** Ids below the maximum that were not there: single ids or inclusive ranges. */
  readonly missing?: Readonly<Record<string, readonly (number | IdRange)[]>>;
  readonly error?: string;
}

/** An attempt to commit with `synchronous_commit=local`, made inside the node over its socket: does this node accept writes at all? */
export interface LocalCommitEvent {
  readonly t: number;
  readonly kind: 'local-commit';
  readonly node: string;
  readonly start: number;
  readonly ok: boolean;
  readonly inRecovery: boolean;
  readonly error?: string;
}

/** The leader key in etcd, read or watched. Repeating the same member is allowed and counts as a sign of life of the observer. */
export interface LeaderEvent {
  readonly t: number;
  readonly kind: 'leader';
  /** The member that holds the key; null: nobody. */
  readonly member: string | null;
}

/** What a member says of itself (Patroni's REST API), or null where it could not be asked. Repeats are allowed. */
export interface RoleEvent {
  readonly t: number;
  readonly kind: 'role';
  readonly member: string;
  /** `running`, `streaming`, `starting`, `stopped`, ...; `unreachable` when the member does not answer. */
  readonly state: string;
  readonly role: string | null;
  readonly timeline: number | null;
}

/** The marks that the checkers know. */
export const MARKS = ['steady', 'faultAt', 'healedAt', 'end', 'detected', 'lockTaken', 'promoted', 'routed', 'firstAck'] as const;
/**
 * A moment named by whoever runs the drill. `steady`: from here on the system was seen healthy and written to. `faultAt`: the fault is about to be injected (the
 * first one counts). `healedAt`: the fault is undone (the last one counts). `end`: the meters are asked to stop. Other names are shown, not judged.
 */
export interface MarkEvent {
  readonly t: number;
  readonly kind: 'mark';
  readonly name: (typeof MARKS)[number] | (string & {});
  readonly detail?: string;
}

/** Which rows of a client are in the table after the drill, read from the primary. The last one per client counts. */
export interface RowsEvent {
  readonly t: number;
  readonly kind: 'rows';
  readonly client: string;
  readonly present: readonly IdRange[];
}

/** The result of the integrity check (amcheck on every member) after the drill. One per member or one for all. */
export interface IntegrityEvent {
  readonly t: number;
  readonly kind: 'integrity';
  readonly ok: boolean;
  readonly detail: string;
}

/** An observer lives: it asked, and got an answer or a definite refusal. */
export interface HeartbeatEvent {
  readonly t: number;
  readonly kind: 'heartbeat';
  readonly probe: 'leader' | 'role';
}

export type HistoryEvent = WriteEvent | ReadEvent | LocalCommitEvent | LeaderEvent | RoleEvent | MarkEvent | RowsEvent | IntegrityEvent | HeartbeatEvent;
export type EventKind = HistoryEvent['kind'];

/** All events of one run in the order of `t`, and the same by kind. */
export interface History {
  readonly events: readonly HistoryEvent[];
  readonly writes: readonly WriteEvent[];
  readonly reads: readonly ReadEvent[];
  readonly localCommits: readonly LocalCommitEvent[];
  readonly leaders: readonly LeaderEvent[];
  readonly roles: readonly RoleEvent[];
  readonly marks: readonly MarkEvent[];
  readonly rows: readonly RowsEvent[];
  readonly integrity: readonly IntegrityEvent[];
  readonly heartbeats: readonly HeartbeatEvent[];
}

/** Sorts by time; events of the same instant stay in the order given. */
export const historyOf = (events: readonly HistoryEvent[]): History => {
  const sorted = [...events].sort((a, b) => a.t - b.t);
  const of = <K extends EventKind>(kind: K): Extract<HistoryEvent, { kind: K }>[] =>
    sorted.filter((e): e is Extract<HistoryEvent, { kind: K }> => e.kind === kind);
  return {
    events: sorted,
    writes: of('write'),
    reads: of('read'),
    localCommits: of('local-commit'),
    leaders: of('leader'),
    roles: of('role'),
    marks: of('mark'),
    rows: of('rows'),
    integrity: of('integrity'),
    heartbeats: of('heartbeat'),
  };
};

/** The time of the first mark of that name, or null. */
export const firstMark = (history: History, name: MarkEvent['name']): number | null => history.marks.find((m) => m.name === name)?.t ?? null;
/** The time of the last mark of that name, or null. */
export const lastMark = (history: History, name: MarkEvent['name']): number | null => history.marks.findLast((m) => m.name === name)?.t ?? null;
