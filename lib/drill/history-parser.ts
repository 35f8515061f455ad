import { jsonFaultAt } from './json-fault';
import { historyOf, type History, type HistoryEvent, type WriteEvent } from './events';

/** A line of a history that can't be what a meter wrote. */
export interface HistoryProblem {
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

const SHOWN = 10;

/** Every corrupt line of a history; the message lists the first ten. */
export class HistoryError extends Error {
  constructor(readonly problems: readonly HistoryProblem[]) {
    const shown = problems.slice(0, SHOWN).map((p) => `  line ${p.line}: ${p.message}`);
    const rest = problems.length > SHOWN ? [`  and ${problems.length - SHOWN} more`] : [];
    super(`the history has ${problems.length} corrupt line${problems.length === 1 ? '' : 's'}:\n${[...shown, ...rest].join('\n')}`);
    this.name = 'HistoryError';
  }
}

type Fields = Readonly<Record<string, unknown>>;
/** What is wrong with a value, or null. */
type Check = (value: unknown) => string | null;

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));
const expected =
  (what: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? null : `must be ${what}, got ${shown(value)}`;

const isObject = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v);
const isId = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 1;
const isTime = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v) && v >= 0;
const isRange = (v: unknown): boolean => Array.isArray(v) && v.length === 2 && isId(v[0]) && isId(v[1]) && v[0] <= v[1];
const isText = (v: unknown): v is string => typeof v === 'string' && v.length > 0;
const isMaximum = (v: unknown): boolean => Number.isSafeInteger(v) && (v as number) >= 0;

const time = expected('a time in seconds (a number >= 0)', isTime);
const text = expected('a text', isText);
const textOrNull = expected('a text or null', (v) => v === null || isText(v));
const flag = expected('true or false', (v) => typeof v === 'boolean');
const id = expected('an integer >= 1', isId);
const timeline = expected('an integer >= 1 or null', (v) => v === null || isId(v));
const ranges = expected('a list of [from, to] with 1 <= from <= to', (v) => Array.isArray(v) && v.every(isRange));
const maxima = expected('an object of client: largest id', (v) => isObject(v) && Object.values(v).every(isMaximum));
const missing = expected(
  'an object of client: list of ids and [from, to]',
  (v) => isObject(v) && Object.values(v).every((list) => Array.isArray(list) && list.every((entry) => isId(entry) || isRange(entry))),
);
const oneOf = (...values: readonly string[]): Check => expected(`one of ${values.join(' | ')}`, (v) => typeof v === 'string' && values.includes(v));
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? null : check(value);

const anyText = expected('a text', (v) => typeof v === 'string');
const FIELDS: Readonly<Record<HistoryEvent['kind'], Readonly<Record<string, Check>>>> = {
  write: { t: time, client: text, id, start: time, outcome: oneOf('acked', 'failed', 'unknown'), node: optional(text), error: optional(anyText) },
  read: { t: time, client: text, start: time, ok: optional(flag), maxIdPerClient: maxima, missing: optional(missing), error: optional(anyText) },
  'local-commit': { t: time, node: text, start: time, ok: flag, inRecovery: flag, error: optional(anyText) },
  leader: { t: time, member: textOrNull },
  role: { t: time, member: text, state: text, role: textOrNull, timeline },
  mark: { t: time, name: text, detail: optional(anyText) },
  rows: { t: time, client: text, present: ranges },
  integrity: { t: time, ok: flag, detail: anyText },
  heartbeat: { t: time, probe: oneOf('leader', 'role') },
};
const isKind = (kind: unknown): kind is HistoryEvent['kind'] => typeof kind === 'string' && Object.hasOwn(FIELDS, kind);

const fieldProblems = (event: Fields): readonly string[] => {
  const { kind } = event;
  if (!isKind(kind)) return [`"kind" must be one of ${Object.keys(FIELDS).join(' | ')}, got ${shown(kind)}`];
  const problems = Object.entries(FIELDS[kind]).flatMap(([name, check]) => {
    const problem = check(event[name]);
    return problem === null ? [] : [`${kind}: "${name}" ${problem}`];
  });
  if (problems.length === 0 && isTime(event['start']) && isTime(event['t']) && event['start'] > event['t']) {
    return [`${kind}: it starts (${event['start']}) after it ends (${event['t']})`];
  }
  return problems;
};

const isEvent = (value: unknown): value is HistoryEvent => isObject(value) && fieldProblems(value).length === 0;

const parseLine = (line: string): HistoryEvent | string => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON from column ${(jsonFaultAt(line) ?? 0) + 1} on; was the file cut off, or written by two processes at once?`;
  }
  if (isEvent(value)) return value;
  return isObject(value) ? fieldProblems(value).join('; ') : `must be an object, got ${shown(value)}`;
};

/** A commit is acknowledged once: a second acknowledgement of the same row means that lines were duplicated or that two clients share a name. */
const repeatedAcks = (writes: readonly (readonly [line: number, write: WriteEvent])[]): readonly HistoryProblem[] => {
  const seen = new Map<string, number>();
  return writes.flatMap(([line, write]) => {
    const key = `${write.id} of ${write.client}`;
    const before = seen.get(key);
    if (before !== undefined) return [{ line, message: `write ${key} is acknowledged a second time (first on line ${before})` }];
    seen.set(key, line);
    return [];
  });
};

/**
 * Reads a history: JSON lines in any order, empty lines ignored. Fields that are not known are kept out of the checks, not refused.
 * @throws HistoryError naming every corrupt line
 */
export const parseHistory = (lines: Iterable<string>): History => {
  const events: HistoryEvent[] = [];
  const acked: (readonly [number, WriteEvent])[] = [];
  const problems: HistoryProblem[] = [];
  let line = 0;
  for (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const event = parseLine(text);
    if (typeof event === 'string') {
      problems.push({ line, message: event });
      continue;
    }
    events.push(event);
    if (event.kind === 'write' && event.outcome === 'acked') acked.push([line, event]);
  }
  problems.push(...repeatedAcks(acked));
  if (problems.length > 0) throw new HistoryError(problems.sort((a, b) => a.line - b.line));
  return historyOf(events);
};
