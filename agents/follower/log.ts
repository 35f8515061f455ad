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

/** Logs only what differs from the last line of the same `what`: a state that lasts is one line, not one per second. */
export const onChange = (log: Log): Log => {
  const last = new Map<string, string>();
  return (what, why, details) => {
    if (last.get(what) === why) return;
    last.set(what, why);
    log(what, why, details);
  };
};

export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // Node leaves the message of "all addresses failed" empty.
  return error.message || (error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : error.name);
};
