import type { History, WriteEvent } from '../events';

export interface ClientErrors {
  readonly client: string;
  /** Writes that were not acknowledged (failed or unknown) and ended within the window. */
  readonly errors: number;
  /** Of those, how many were themselves the retry of an error: a client that retries once would have passed them on to its user. */
  readonly beyondOneRetry: number;
}

const isError = (w: WriteEvent): boolean => w.outcome !== 'acked';

/** The retry of a write that ended with an error is the next write that its client begins afterwards, whatever id it carries. */
const retriesOf = (writes: readonly WriteEvent[]): ReadonlySet<WriteEvent> => {
  const byStart = [...writes].sort((a, b) => a.start - b.start);
  const retries = writes.filter(isError).map((error) => byStart.find((w) => w.start >= error.t && w !== error));
  return new Set(retries.filter((w): w is WriteEvent => w !== undefined));
};

/** Errors of one client that ended in `[from, to]`. */
export const clientErrors = (history: History, client: string, from: number, to: number): ClientErrors => {
  const writes = history.writes.filter((w) => w.client === client && w.t >= from && w.t <= to);
  const retries = retriesOf(writes);
  const errors = writes.filter(isError);
  return { client, errors: errors.length, beyondOneRetry: errors.filter((w) => retries.has(w)).length };
};
