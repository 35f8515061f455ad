/** Reads what the HTTP meters wrote. Pure. */
import { HTTP_OUTCOMES, HTTP_STREAMS, streamOf, type HttpAttempt } from './history';

type Fields = Readonly<Record<string, unknown>>;
interface Check {
  readonly allowed: string;
  readonly holds: (value: unknown) => boolean;
}

const isTime = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v) && v >= 0;
const isCount = (v: unknown): boolean => Number.isSafeInteger(v) && (v as number) >= 1;
const isText = (v: unknown): boolean => typeof v === 'string' && v !== '';
const isStatus = (v: unknown): boolean => Number.isSafeInteger(v) && (v as number) >= 100 && (v as number) <= 599;

const time: Check = { allowed: 'a time in seconds (a number >= 0)', holds: isTime };
const count: Check = { allowed: 'an integer >= 1', holds: isCount };
const text: Check = { allowed: 'a text', holds: isText };
const oneOf = (values: readonly string[]): Check => ({ allowed: `one of ${values.join(' | ')}`, holds: (v) => typeof v === 'string' && values.includes(v) });
const orNull = ({ allowed, holds }: Check): Check => ({ allowed: `${allowed} or null`, holds: (v) => v === null || holds(v) });
const optional = ({ allowed, holds }: Check): Check => ({ allowed: `${allowed}, or nothing`, holds: (v) => v === undefined || holds(v) });

const FIELDS: Readonly<Record<keyof HttpAttempt, Check>> = {
  kind: oneOf(['http']),
  t: time,
  start: time,
  client: text,
  stream: oneOf(HTTP_STREAMS),
  id: count,
  attempt: count,
  final: { allowed: 'true or false', holds: (v) => typeof v === 'boolean' },
  outcome: oneOf(HTTP_OUTCOMES),
  status: orNull({ allowed: 'a status of HTTP', holds: isStatus }),
  release: orNull(text),
  pod: orNull(text),
  gateway: text,
  key: optional(text),
  error: optional({ allowed: 'a text', holds: (v) => typeof v === 'string' }),
};

/** Lines that can't be what a meter wrote; every one of them, the first ten in the message. */
export class HttpHistoryError extends Error {
  constructor(readonly problems: readonly string[]) {
    const more = problems.length > 10 ? [`and ${problems.length - 10} more`] : [];
    super(
      `the history of the HTTP meters has ${problems.length} corrupt line${problems.length === 1 ? '' : 's'}:\n${[...problems.slice(0, 10), ...more].map((p) => `  ${p}`).join('\n')}`,
    );
    this.name = 'HttpHistoryError';
  }
}

const isObject = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v);
const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));

const problemsOf = (fields: Fields): readonly string[] => {
  const wrong = Object.entries(FIELDS).flatMap(([name, { allowed, holds }]) =>
    holds(fields[name]) ? [] : [`"${name}" must be ${allowed}, got ${shown(fields[name])}`],
  );
  if (wrong.length > 0) return wrong;
  const attempt = fields as unknown as HttpAttempt;
  return [
    ...(attempt.start > attempt.t ? [`it starts (${attempt.start}) after it ends (${attempt.t})`] : []),
    ...((attempt.outcome === 'error') === (attempt.status === null) ? [] : [`outcome "${attempt.outcome}" with status ${attempt.status ?? 'null'}`]),
  ];
};

const isAttempt = (value: unknown): value is HttpAttempt => isObject(value) && problemsOf(value).length === 0;

const parseLine = (line: string): HttpAttempt | string => {
  try {
    const value: unknown = JSON.parse(line);
    if (isAttempt(value)) return value;
    return isObject(value) ? problemsOf(value).join('; ') : `must be an object, got ${shown(value)}`;
  } catch {
    return 'not JSON; was the file cut off, or written by two processes at once?';
  }
};

/** Attempts of a request are numbered from 1 without gaps, and only the last is final: anything else is a lost or doubled line. */
const sequenceProblems = (attempts: readonly HttpAttempt[]): readonly string[] => {
  const last = new Map<string, HttpAttempt>();
  return attempts.flatMap((attempt) => {
    const key = `${streamOf(attempt)}/${attempt.id}`;
    const before = last.get(key);
    last.set(key, attempt);
    if (before?.final === true) return [`${key}: attempt ${attempt.attempt} after the final one`];
    const due = (before?.attempt ?? 0) + 1;
    return attempt.attempt === due ? [] : [`${key}: attempt ${attempt.attempt} where ${due} was due`];
  });
};

/**
 * @param files the complete lines of each client's file, in the order in which they were written
 * @throws HttpHistoryError naming every corrupt line
 */
export const parseAttempts = (files: readonly (readonly string[])[]): readonly HttpAttempt[] => {
  const problems: string[] = [];
  const attempts = files.flatMap((lines, file) =>
    lines.flatMap((line, i) => {
      const attempt = parseLine(line);
      if (typeof attempt !== 'string') return [attempt];
      problems.push(`file ${file + 1}, line ${i + 1}: ${attempt}`);
      return [];
    }),
  );
  if (problems.length === 0) problems.push(...sequenceProblems(attempts));
  if (problems.length > 0) throw new HttpHistoryError(problems);
  return [...attempts].sort((a, b) => a.t - b.t);
};
