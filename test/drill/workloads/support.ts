/** A run as it should be: three clients, served in all that they do from 0 to 30 s, the fault at 10 s; then one thing is planted. */
import { HTTP_STREAMS, type HttpAttempt, type HttpStream, type WorkloadHistory } from '../../../lib/drill/workloads/history';
import type { WorkloadExpectation } from '../../../lib/drill/workloads/judge';

export const CLIENTS = ['a', 'b', 'c'] as const;
export const keyOf = (client: string, stream: HttpStream, id: number): string => `${client}-${stream}-${id}`;

const carriesKey = (stream: HttpStream): boolean => stream !== 'session';

export const attempt = (client: string, stream: HttpStream, id: number, over: Partial<HttpAttempt> = {}): HttpAttempt => ({
  kind: 'http',
  t: id * 0.5 + 0.01,
  start: id * 0.5,
  client,
  stream,
  id,
  attempt: 1,
  final: true,
  outcome: 'ok',
  status: 200,
  release: '1',
  pod: 'backend-1',
  gateway: '10.0.0.1',
  // Looks look at the order of the same number.
  ...(carriesKey(stream) ? { key: keyOf(client, stream === 'event' ? 'event' : 'order', id) } : {}),
  ...over,
});

const REQUESTS = 60;
const everyAttempt = (): readonly HttpAttempt[] =>
  CLIENTS.flatMap((client) => HTTP_STREAMS.flatMap((stream) => Array.from({ length: REQUESTS }, (_, i) => attempt(client, stream, i + 1))));

const stored = (stream: HttpStream): ReadonlyMap<string, number> =>
  new Map(CLIENTS.flatMap((client) => Array.from({ length: REQUESTS }, (_, i) => [keyOf(client, stream, i + 1), 1] as const)));

export const goodHistory = (over: Partial<WorkloadHistory> = {}): WorkloadHistory => ({
  attempts: everyAttempt(),
  clients: CLIENTS,
  excluded: {},
  faultAt: 10,
  healedAt: 20,
  endAt: 30.1,
  healthyAt: 21,
  orders: stored('order'),
  events: stored('event'),
  dead: [],
  ...over,
});

/** Some attempts are others. */
export const withAttempts = (change: (attempt: HttpAttempt) => HttpAttempt | readonly HttpAttempt[]): WorkloadHistory =>
  goodHistory({ attempts: everyAttempt().flatMap(change) });

export const expectation = (over: Partial<WorkloadExpectation> = {}): WorkloadExpectation => ({
  objective: { rtoSeconds: 5, rpoSeconds: 0 },
  budgetUpperSeconds: 3,
  healthyDeadlineSeconds: 20,
  withoutRetries: true,
  releases: { allowed: ['1'], atEnd: '1' },
  ...over,
});
