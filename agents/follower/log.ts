/** One JSON line per event: time, what, why, and whatever else is known. */
export type Details = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (what: string, why: string, details?: Details) => void;

/**
 * @param write takes one line without its newline
 * @param wallClock the time to print
 */
export const makeLog =
  (write: (line: string) => void, wallClock: () => Date = () => new Date()): Log =>
  (what, why, details = {}) =>
    write(JSON.stringify({ time: wallClock().toISOString(), what, why, ...details }));

/**
 * Logs only what differs from the line before: a state that lasts is one line, not one per second.
 * @param topicOf lines of one topic are compared with each other; by default each `what` is a topic
 */
export const onChange = (log: Log, topicOf: (what: string) => string = (what) => what): Log => {
  const last = new Map<string, string>();
  return (what, why, details) => {
    const line = `${what}: ${why}`;
    if (last.get(topicOf(what)) === line) return;
    last.set(topicOf(what), line);
    log(what, why, details);
  };
};

export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // Node leaves the message of "all addresses failed" empty.
  return error.message || (error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : error.name);
};
