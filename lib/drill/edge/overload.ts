/** Judges the limits under a load of many times what they allow. Pure. */
import type { Edge, Limit } from '../../topology/types';
import { fail, pass, unknown, type Finding } from '../verdict';
import { asked, countOf, type AnswerCount, type FloodSecond } from './history';

/** So many times the limit of an address. */
export const OVERLOAD_FACTOR = 10;
/** A meter that is itself too slow would prove nothing. */
const REACHED_SHARE = 0.9;
/** Of the requests that a flooder makes once it is over the limit. */
const REFUSED_SHARE = 0.99;
/** CS-4, and the figure of the lab. */
export const ADDED_LATENCY_P99_SECONDS = 0.002;

export interface OverloadHistory {
  readonly flood: readonly FloodSecond[];
  readonly floodSeconds: number;
  readonly addresses: number;
  /**
   * Seconds that the limits added to a request, 99 of 100 at most; null: not measured. In the application: to a bare question to the cache, asked by the same pod at the
   * same moment, because in the lab nine nodes of the cache wait for the processors that everything else runs on.
   */
  readonly addedP99: { readonly gateway: number | null; readonly application: number | null };
}

const isRefusal = ({ status }: AnswerCount): boolean => status === 429;
const byGateway = (answer: AnswerCount): boolean => answer.limit === 'address';

/** The gateway says what the table says; an application may ask for more patience than its table, never for less. */
const isRight = ({ limits }: Edge, answer: AnswerCount): boolean => {
  if (answer.retryAfter === null) return false;
  if (byGateway(answer)) return answer.retryAfter === limits.waf.retryAfter;
  return (
    answer.retryAfter >= Math.min(limits.user.retryAfter ?? 0, limits.endpoint.retryAfter ?? 0) &&
    answer.retryAfter <= limits.user.window + (limits.user.retryAfter ?? 0) + 60
  );
};

/** A gateway hears from the others what they have counted. */
const HEARD_WITHIN_SECONDS = 2;

/** What one address asked after it had used up its limit, by what it was able to ask: a slow machine's flood gets there later. */
const overTheLimit = (seconds: readonly FloodSecond[], { requestsPerSecond, window }: Limit): readonly FloodSecond[] => {
  const counted = (end: number): number => asked(seconds.filter(({ t }) => t > end - window && t <= end));
  const since = seconds.map(({ t }) => t).find((t) => counted(t) > requestsPerSecond * window);
  return since === undefined ? [] : seconds.filter(({ t }) => t > since + HEARD_WITHIN_SECONDS);
};

const byAddress = (flood: readonly FloodSecond[]): readonly (readonly FloodSecond[])[] =>
  [...new Set(flood.map(({ address }) => address))].map((address) => flood.filter((second) => second.address === address).sort((a, b) => a.t - b.t));

const reached = ({ flood, floodSeconds }: OverloadHistory, edge: Edge): Finding => {
  const wanted = OVERLOAD_FACTOR * edge.limits.waf.requestsPerSecond;
  const rate = asked(flood) / floodSeconds;
  const detail = `${rate.toFixed(0)} requests/s of ${wanted}: ${OVERLOAD_FACTOR} times the limit of an address`;
  return rate < REACHED_SHARE * wanted ? unknown('overload-reached', detail) : pass('overload-reached', detail);
};

const refused = ({ flood, addresses }: OverloadHistory, { limits }: Edge): Finding => {
  const late = byAddress(flood).flatMap((seconds) => overTheLimit(seconds, limits.waf));
  const addressesSeen = new Set(late.filter(({ answers }) => answers.some(byGateway)).map(({ address }) => address)).size;
  const total = asked(late);
  const denied = countOf(late, (a) => isRefusal(a) && byGateway(a));
  const detail = `${denied} of ${total} requests over the limit refused by the gateway, of ${addressesSeen} of ${addresses} addresses`;
  if (total === 0) return unknown('flood-refused', 'nobody was over the limit');
  return addressesSeen === addresses && denied >= REFUSED_SHARE * total ? pass('flood-refused', detail) : fail('flood-refused', detail);
};

const retryAfter = ({ flood }: OverloadHistory, edge: Edge): Finding => {
  const total = countOf(flood, isRefusal);
  const wrong = countOf(flood, (a) => isRefusal(a) && !isRight(edge, a));
  const detail = `${wrong} of ${total} answers with status 429 have another Retry-After than the table`;
  return wrong === 0 && total > 0 ? pass('retry-after', detail) : fail('retry-after', detail);
};

const unanswered = ({ flood }: OverloadHistory): Finding => {
  const errors = flood.reduce((sum, second) => sum + second.errors, 0);
  return pass('flood-unanswered', `${errors} of the flood’s ${asked(flood)} requests had no answer; that is allowed`);
};

const ADDED_TO = { gateway: 'a request', application: 'a bare question to the cache' } as const;

const latency = ({ addedP99 }: OverloadHistory): readonly Finding[] =>
  (['gateway', 'application'] as const).map((where) => {
    const seconds = addedP99[where];
    if (seconds === null) return unknown(`limiter-latency-${where}`, 'could not be measured');
    const detail = `the limits of the ${where} add ${(seconds * 1000).toFixed(2)} ms to ${ADDED_TO[where]}, in 99 of 100 requests at most; allowed are ${ADDED_LATENCY_P99_SECONDS * 1000} ms`;
    return (seconds <= ADDED_LATENCY_P99_SECONDS ? pass : fail)(`limiter-latency-${where}`, detail);
  });

export const judgeOverload = (history: OverloadHistory, edge: Edge): readonly Finding[] => [
  reached(history, edge),
  refused(history, edge),
  retryAfter(history, edge),
  unanswered(history),
  ...latency(history),
];
