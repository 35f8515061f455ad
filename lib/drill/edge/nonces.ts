/** Judges receipts handed in while the store of nonces is away. Pure. */
import { fail, pass, unknown, type Finding } from '../verdict';

export const NONCE_PHASES = ['before', 'away', 'emergency', 'after'] as const;
export type NoncePhase = (typeof NONCE_PHASES)[number];

/** One receipt that was handed in. */
export interface Submission {
  readonly phase: NoncePhase;
  readonly nonce: string;
  /** null: no answer. */
  readonly status: number | null;
  /** What the answer says of itself; null: it does not. */
  readonly nonceChecked: boolean | null;
  readonly retryAfter: number | null;
  readonly seconds: number;
  /** It had been taken before. */
  readonly again: boolean;
}

export interface NonceHistory {
  readonly submissions: readonly Submission[];
  /** Receipts that are in the database in the end, by nonce; null: could not be read. */
  readonly stored: ReadonlyMap<string, number> | null;
  /** Nonces whose submissions were written down for a later audit; null: could not be read. */
  readonly audited: ReadonlySet<string> | null;
}

/** With the circuit open nobody waits for a store that is away. */
const OPEN_CIRCUIT_SECONDS = 0.5;
/** Of the submissions while it is away: the first ones find out. */
const FAST_SHARE = 0.9;
const ACCEPTED = 201;
const UNAVAILABLE = 503;

const of = ({ submissions }: NonceHistory, phase: NoncePhase): readonly Submission[] => submissions.filter((s) => s.phase === phase && !s.again);
const every = (check: string, list: readonly Submission[], what: string, holds: (s: Submission) => boolean): Finding => {
  if (list.length === 0) return unknown(check, `${what}: nothing was handed in`);
  const wrong = list.filter((s) => !holds(s));
  const first = wrong[0];
  return first === undefined
    ? pass(check, `${what}: all ${list.length}`)
    : fail(check, `${what}: not so ${wrong.length} of ${list.length} times, for example status ${first.status ?? 'none'}`);
};

const circuit = (list: readonly Submission[]): Finding => {
  if (list.length === 0) return unknown('circuit-breaker', 'nothing was handed in');
  const fast = list.filter((s) => s.seconds <= OPEN_CIRCUIT_SECONDS).length;
  const detail = `${fast} of ${list.length} submissions refused within ${OPEN_CIRCUIT_SECONDS} s`;
  return fast >= FAST_SHARE * list.length ? pass('circuit-breaker', detail) : fail('circuit-breaker', detail);
};

const audit = (history: NonceHistory): Finding => {
  const { audited } = history;
  if (audited === null) return unknown('audited', 'what was written down could not be read');
  const taken = of(history, 'emergency').filter((s) => s.status === ACCEPTED);
  const missing = taken.filter((s) => !audited.has(s.nonce));
  const detail = `${missing.length} of ${taken.length} receipts that were taken in the emergency are not written down`;
  return missing.length === 0 && taken.length > 0 ? pass('audited', detail) : fail('audited', detail);
};

/** Nothing that was refused is there, and nothing is there twice. */
const stored = ({ submissions, stored: rows }: NonceHistory): Finding => {
  if (rows === null) return unknown('stored', 'the receipts could not be read');
  const taken = new Set(submissions.filter((s) => s.status === ACCEPTED).map((s) => s.nonce));
  const refused = submissions.filter((s) => s.status === UNAVAILABLE && !taken.has(s.nonce) && rows.has(s.nonce));
  const lost = [...taken].filter((nonce) => !rows.has(nonce));
  const twice = [...rows.values()].filter((count) => count > 1).length;
  const detail = `${refused.length} that were refused are stored, ${lost.length} of ${taken.size} that were taken are missing, ${twice} are there twice`;
  return refused.length + lost.length + twice === 0 ? pass('stored', detail) : fail('stored', detail);
};

export const judgeNonces = (history: NonceHistory): readonly Finding[] => {
  const again = history.submissions.filter((s) => s.again);
  return [
    every('taken-before', of(history, 'before'), 'taken before, with the nonce checked', (s) => s.status === ACCEPTED && s.nonceChecked === true),
    every(
      'fail-safe',
      of(history, 'away'),
      'refused with 503 and Retry-After while the store was away',
      (s) => s.status === UNAVAILABLE && s.retryAfter !== null,
    ),
    circuit(of(history, 'away')),
    every('emergency', of(history, 'emergency'), 'taken in the emergency, and said to be unchecked', (s) => s.status === ACCEPTED && s.nonceChecked === false),
    audit(history),
    every('taken-after', of(history, 'after'), 'taken after, with the nonce checked', (s) => s.status === ACCEPTED && s.nonceChecked === true),
    every('never-twice', again, 'refused when handed in again with another signature', (s) => s.status !== null && s.status >= 400),
    stored(history),
  ];
};
