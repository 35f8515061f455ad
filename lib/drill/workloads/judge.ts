/** Judges one run of a drill of workloads by what their users saw. Pure. */
import type { ContractFigures, ProcedureOutcome } from '../procedure-run';
import { gapFinding, healthFinding } from '../service-findings';
import { fail, pass, unknown, type Finding } from '../verdict';
import { HTTP_STREAMS, type HttpAttempt, type HttpStream, type WorkloadHistory } from './history';
import {
  failedAttempts,
  judgedRequests,
  latencyOf,
  lastFailureSeconds,
  readThenMissing,
  releasesSeen,
  serviceGaps,
  unservedBefore,
  workDone,
  type HttpRequest,
  type ReleaseSeen,
  type ServiceGap,
  type WorkDone,
} from './measure';

export interface WorkloadExpectation {
  readonly objective: { readonly rtoSeconds: number; readonly rpoSeconds: number };
  readonly budgetUpperSeconds: number;
  readonly healthyDeadlineSeconds: number;
  /** What has to be served during the fault. @default - all of it */
  readonly streams?: readonly HttpStream[];
  /** No single attempt may fail: whoever does not retry must not notice either. */
  readonly withoutRetries: boolean;
  readonly releases: {
    /** Any other one that answers a user is a failure. */
    readonly allowed: readonly string[];
    /** The only one that answers in the last seconds. */
    readonly atEnd: string;
  };
}

/** Each stream asks at least once in so many seconds. */
const STEADY_WITHIN_SECONDS = 2;
/** At the end only the release that stays may answer: the last so many seconds. */
const END_SECONDS = 1;

const where = ({ client, stream }: Pick<ServiceGap, 'client' | 'stream'>): string => `${client}, ${stream}`;
const example = ({ client, stream, attempts }: HttpRequest): string => {
  const last = attempts.at(-1);
  return `for example ${where({ client, stream })}: ${describe(last)} after ${attempts.length} attempts`;
};
const describe = (attempt: HttpAttempt | undefined): string => `${attempt?.status ?? 'no answer'}${attempt?.error === undefined ? '' : ` (${attempt.error})`}`;

const steadyFinding = (history: WorkloadHistory): Finding => {
  const unserved = unservedBefore(history, STEADY_WITHIN_SECONDS);
  if (history.dead.length > 0) return unknown('steady-state', `meters that ended early: ${history.dead.join(', ')}`);
  if (unserved.length > 0) return unknown('steady-state', `not served before the fault: ${unserved.join(', ')}`);
  return pass('steady-state', 'every client was served in all that it does');
};

const requestsFinding = (requests: readonly HttpRequest[]): Finding => {
  const failed = requests.filter((r) => !r.served);
  if (requests.length === 0) return unknown('failed-requests', 'no request was made');
  const [first] = failed;
  return first === undefined
    ? pass('failed-requests', `0 of ${requests.length}`)
    : fail('failed-requests', `${failed.length} of ${requests.length}; ${example(first)}`);
};

const attemptsFinding = (requests: readonly HttpRequest[], strict: boolean): Finding => {
  const failed = failedAttempts(requests);
  const [first] = failed;
  if (first === undefined) return pass('failed-attempts', '0');
  const detail = `${failed.length}; the first: ${where(first)}: ${describe(first)}`;
  return strict ? fail('failed-attempts', detail) : pass('failed-attempts', `${detail}; made good by retries`);
};

const listed = (keys: readonly string[]): string => `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ', …' : ''}`;
const workFindings = (what: string, work: WorkDone, rpoSeconds: number): readonly Finding[] => {
  const { acknowledged, missing, duplicated } = work;
  if (missing === null || duplicated === null) return [unknown(`acknowledged-${what}`, 'what is there in the end could not be read')];
  if (acknowledged === 0) return [unknown(`acknowledged-${what}`, 'nothing was acknowledged')];
  const lost = missing.length > 0 && rpoSeconds === 0;
  return [
    lost
      ? fail(`acknowledged-${what}`, `${missing.length} of ${acknowledged} are missing: ${listed(missing)}`)
      : pass(`acknowledged-${what}`, `${missing.length} of ${acknowledged} are missing`),
    duplicated.length > 0
      ? fail(`${what}-once`, `${duplicated.length} are there more than once: ${listed(duplicated)}`)
      : pass(`${what}-once`, 'none is there more than once'),
  ];
};

const releaseFindings = (seen: readonly ReleaseSeen[], history: WorkloadHistory, { releases }: WorkloadExpectation): readonly Finding[] => {
  const wrong = seen.filter(({ release }) => !releases.allowed.includes(release));
  const last = seen.filter((r) => r.last > history.endAt - END_SECONDS).map((r) => r.release);
  const answered = seen.map((r) => `${r.release} (${r.answers})`).join(', ');
  if (seen.length === 0) return [unknown('releases', 'no answer says of which release it is')];
  return [
    wrong.length > 0
      ? fail('releases', `users were answered by ${wrong.map((r) => `${r.release} (${r.answers} times)`).join(', ')}`)
      : pass('releases', answered),
    last.length === 1 && last[0] === releases.atEnd
      ? pass('release-at-end', releases.atEnd)
      : fail('release-at-end', `${last.join(', ') || 'nobody'} answered at the end; expected ${releases.atEnd}`),
  ];
};

const sum = (a: readonly string[] | null, b: readonly string[] | null): number | null => (a === null || b === null ? null : a.length + b.length);

export const judgeWorkloads = (history: WorkloadHistory, expectation: WorkloadExpectation): Omit<ProcedureOutcome, 'logs'> => {
  const { streams = HTTP_STREAMS, objective, healthyDeadlineSeconds, withoutRetries } = expectation;
  const requests = judgedRequests(history, streams);
  const gap = [...serviceGaps(history, streams)].sort((a, b) => Number(b.open) - Number(a.open) || b.seconds - a.seconds)[0];
  const [orders, events] = [workDone(history.attempts, 'order', history.orders), workDone(history.attempts, 'event', history.events)];
  const seen = releasesSeen(history.attempts);
  const latency = latencyOf(requests);
  const healthyAgain = history.healthyAt === null ? null : Math.max(0, history.healthyAt - history.healedAt);
  const measured: ContractFigures = {
    gapSeconds: gap?.seconds ?? null,
    ackedLost: sum(orders.missing, events.missing),
    readThenLost: readThenMissing(history.attempts, history.orders),
    // Nothing is done to the database's members: who is writable is not sampled.
    writablePrimaries: null,
    falseFailovers: 0,
    healthyAgainSeconds: healthyAgain,
  };
  return {
    measured,
    findings: [
      steadyFinding(history),
      requestsFinding(requests),
      attemptsFinding(requests, withoutRetries),
      gapFinding(gap, where, expectation),
      ...workFindings('orders', orders, objective.rpoSeconds),
      ...workFindings('events', events, objective.rpoSeconds),
      ...releaseFindings(seen, history, expectation),
      healthFinding(healthyAgain, healthyDeadlineSeconds),
    ],
    notes: Object.entries(history.excluded).map(([client, because]) => `${client} is not served: ${because}`),
    extra: {
      requests: requests.length,
      failedRequests: requests.filter((r) => !r.served).length,
      failedAttempts: failedAttempts(requests).length,
      lastFailureSeconds: lastFailureSeconds(history, requests),
      latencyP50Seconds: latency.p50,
      latencyP99Seconds: latency.p99,
      ordersAcknowledged: orders.acknowledged,
      eventsAcknowledged: events.acknowledged,
      duplicated: sum(orders.duplicated, events.duplicated),
      releases: seen.map(({ release, answers }) => ({ release, answers })),
    },
  };
};
