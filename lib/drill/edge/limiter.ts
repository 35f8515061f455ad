/** Judges what a user who asks for too much gets while the limiter's Redis is away, and after it lost its state. Pure. */
import type { Edge, LimiterDown } from '../../topology/types';
import { fail, pass, unknown, type Finding } from '../verdict';
import { countOf, type FloodSecond } from './history';

/** Some seconds of the test. */
export interface Phase {
  readonly from: number;
  readonly to: number;
}
export interface LimiterHistory {
  /** One user who asks for several times the limit all the time. */
  readonly greedy: readonly FloodSecond[];
  readonly steady: Phase;
  /** Redis does not answer. */
  readonly away: Phase;
  /** Just after it answers again, without what it had known. */
  readonly warming: Phase;
  /** When the warm-up is over. */
  readonly warm: Phase;
  /** Pods that share the limit while each counts alone. */
  readonly pods: number;
}

/** Buckets are refilled while they are emptied, and a burst fits in at the beginning. */
const TOLERANCE = 0.3;

/** It looks for what is not there: that was looked for. */
const isServed = ({ status }: { readonly status: number }): boolean => status < 400 || status === 404;
const within = ({ greedy }: LimiterHistory, { from, to }: Phase): readonly FloodSecond[] => greedy.filter(({ t }) => t > from && t <= to);
/** Requests per second that were served; null: nothing was asked. */
export const servedPerSecond = (history: LimiterHistory, phase: Phase): number | null => {
  const seconds = within(history, phase);
  return seconds.length === 0 ? null : countOf(seconds, isServed) / Math.max(1, phase.to - phase.from);
};

/** What is allowed: requests per second at least and at most. */
export interface Allowed {
  readonly least: number;
  readonly most: number;
}

const rateFinding = (check: string, what: string, rate: number | null, { least, most }: Allowed): Finding => {
  if (rate === null) return unknown(check, `${what}: nobody asked`);
  const detail = `${what}: ${rate.toFixed(2)} requests/s served; allowed are ${least.toFixed(2)} to ${most.toFixed(2)}`;
  return rate >= least && rate <= most ? pass(check, detail) : fail(check, detail);
};

/** `local`: each pod has its share, and whole requests are let through: with a limit below the number of pods each still lets one through in its time. */
const ALLOWED_WHILE_AWAY: Readonly<Record<LimiterDown, (limit: number, pods: number) => Allowed>> = {
  local: (limit, pods) => ({ least: (limit / pods) * (1 - TOLERANCE), most: limit * (1 + TOLERANCE) + 0.5 }),
  open: (limit) => ({ least: limit * (1 + TOLERANCE), most: Number.POSITIVE_INFINITY }),
  closed: () => ({ least: 0, most: 0 }),
};

const refusals = (history: LimiterHistory, { limiterDown }: Edge): Finding => {
  const seconds = within(history, history.away);
  const errors = countOf(seconds, ({ status }) => status >= 500);
  const total = countOf(seconds, () => true);
  const detail = `${errors} of ${total} answers while Redis was away had status 5xx`;
  // The first requests find out that it is away.
  const wanted = limiterDown === 'closed' ? errors >= 0.9 * total : errors === 0;
  return wanted ? pass('declared-mode', `${detail}; declared is ${limiterDown}`) : fail('declared-mode', `${detail}; declared is ${limiterDown}`);
};

/**
 * @param limit requests per second that the user's requests are allowed
 */
export const judgeLimiter = (history: LimiterHistory, edge: Edge, limit: number): readonly Finding[] => [
  rateFinding('limit-before', 'before', servedPerSecond(history, history.steady), { least: limit * (1 - TOLERANCE), most: limit * (1 + TOLERANCE) + 0.1 }),
  rateFinding('limit-while-away', 'while Redis was away', servedPerSecond(history, history.away), ALLOWED_WHILE_AWAY[edge.limiterDown](limit, history.pods)),
  refusals(history, edge),
  rateFinding('limit-warming', 'after the state was lost', servedPerSecond(history, history.warming), { least: limit * 0.25, most: limit * 0.85 }),
  rateFinding('limit-warm', 'after the warm-up', servedPerSecond(history, history.warm), {
    least: limit * (1 - TOLERANCE),
    most: limit * (1 + TOLERANCE) + 0.1,
  }),
];
