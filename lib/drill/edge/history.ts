/** What those who ask too much were answered, second by second. Pure. */

/** Answers of one kind: what the client was told to do is part of the kind. */
export interface AnswerCount {
  readonly status: number;
  /** The header `x-limit`: which of the gateway's limits refused; null: none of them. */
  readonly limit: string | null;
  /** The header `Retry-After`, seconds; null: not given, or not a number. */
  readonly retryAfter: number | null;
  readonly count: number;
}

/** One address, one second. */
export interface FloodSecond {
  readonly kind: 'flood';
  /** Seconds since the epoch: the end of the second. */
  readonly t: number;
  readonly address: string;
  readonly answers: readonly AnswerCount[];
  /** Requests without an answer. */
  readonly errors: number;
}

const isCount = (value: unknown): value is AnswerCount =>
  typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number' && 'count' in value && typeof value.count === 'number';

/** @throws Error naming the line that is none */
export const parseFlood = (lines: readonly string[]): readonly FloodSecond[] =>
  lines.map((line, i) => {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'flood' && 'answers' in value && Array.isArray(value.answers)) {
      if (value.answers.every(isCount) && 'errors' in value && typeof value.errors === 'number') return value as FloodSecond;
    }
    throw new Error(`line ${i + 1} is not a second of a flood: ${line.slice(0, 120)}`);
  });

/** Requests of all addresses, answered or not. */
export const asked = (seconds: readonly FloodSecond[]): number =>
  seconds.reduce((total, { answers, errors }) => total + errors + answers.reduce((sum, { count }) => sum + count, 0), 0);

export const countOf = (seconds: readonly FloodSecond[], matches: (answer: AnswerCount) => boolean): number =>
  seconds.reduce((total, { answers }) => total + answers.filter(matches).reduce((sum, { count }) => sum + count, 0), 0);

/** The kinds of answer with how often each came, most first: for people. */
export const tally = (seconds: readonly FloodSecond[]): Readonly<Record<string, number>> => {
  const totals = new Map<string, number>();
  for (const { answers } of seconds) {
    for (const { status, limit, retryAfter, count } of answers) {
      const kind = [String(status), ...(limit === null ? [] : [limit]), ...(retryAfter === null ? [] : [`retry-after ${retryAfter}`])].join(' ');
      totals.set(kind, (totals.get(kind) ?? 0) + count);
    }
  }
  return Object.fromEntries([...totals].sort((a, b) => b[1] - a[1]));
};
