/** What users of a workload saw, in figures. Pure. */
import { HTTP_STREAMS, streamOf, type HttpAttempt, type HttpStream, type Stored, type WorkloadHistory } from './history';

/** A request with all of its attempts, in their order; the last one is final. */
export interface HttpRequest {
  readonly client: string;
  readonly stream: HttpStream;
  readonly attempts: readonly HttpAttempt[];
  readonly start: number;
  readonly end: number;
  readonly served: boolean;
}

/** Requests that ended; one that was under way when the meter stopped says nothing. */
export const requestsOf = (attempts: readonly HttpAttempt[]): readonly HttpRequest[] => {
  const grouped = new Map<string, HttpAttempt[]>();
  for (const attempt of attempts) {
    const key = `${streamOf(attempt)}/${attempt.id}`;
    const list = grouped.get(key) ?? [];
    list.push(attempt);
    grouped.set(key, list);
  }
  return [...grouped.values()].flatMap((list) => {
    const sorted = [...list].sort((a, b) => a.attempt - b.attempt);
    const [first, last] = [sorted[0], sorted.at(-1)];
    if (first === undefined || last?.final !== true) return [];
    const { client, stream } = first;
    return [{ client, stream, attempts: sorted, start: first.start, end: last.t, served: last.outcome === 'ok' }];
  });
};

const isServable = ({ excluded }: WorkloadHistory, { client }: { readonly client: string }): boolean => !(client in excluded);

/** Requests of clients that can be served, that ended after the fault. */
export const judgedRequests = (history: WorkloadHistory, streams: readonly HttpStream[]): readonly HttpRequest[] =>
  requestsOf(history.attempts).filter((r) => isServable(history, r) && streams.includes(r.stream) && r.end > history.faultAt && r.start < history.endAt);

export const failedAttempts = (requests: readonly HttpRequest[]): readonly HttpAttempt[] =>
  requests.flatMap(({ attempts }) => attempts.filter((a) => a.outcome !== 'ok'));

export interface ServiceGap {
  readonly client: string;
  readonly stream: HttpStream;
  readonly seconds: number;
  /** Not served any more until the end. */
  readonly open: boolean;
}

/** A stream's own pause between two requests is not an outage. */
const OPEN_AFTER_SECONDS = 2;

/** Of every servable client and each of these streams: the longest time between two answers that touches the time from the fault on. */
export const serviceGaps = (history: WorkloadHistory, streams: readonly HttpStream[]): readonly ServiceGap[] => {
  const { faultAt, endAt } = history;
  const clients = history.clients.filter((client) => isServable(history, { client }));
  return clients.flatMap((client) =>
    streams.map((stream) => {
      const answers = history.attempts.filter((a) => a.outcome === 'ok' && a.client === client && a.stream === stream && a.t <= endAt).map((a) => a.t);
      const points = [answers.findLast((t) => t <= faultAt) ?? faultAt, ...answers.filter((t) => t > faultAt)];
      const longest = Math.max(0, ...points.slice(1).map((t, i) => t - (points[i] ?? t)));
      const tail = endAt - (points.at(-1) ?? faultAt);
      return tail > Math.max(longest, OPEN_AFTER_SECONDS) ? { client, stream, seconds: tail, open: true } : { client, stream, seconds: longest, open: false };
    }),
  );
};

/** The p-th percentile (nearest rank), or null: of nothing. */
export const percentile = (values: readonly number[], p: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? null;
};

export interface Latency {
  readonly p50: number | null;
  readonly p99: number | null;
}

/** Seconds from a served request's first attempt to its answer. */
export const latencyOf = (requests: readonly HttpRequest[]): Latency => {
  const times = requests.filter((r) => r.served).map((r) => r.end - r.start);
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
};

export interface ReleaseSeen {
  readonly release: string;
  readonly answers: number;
  readonly first: number;
  readonly last: number;
}

/** Which releases answered users, whatever the answer was; the gateway's own answers carry none. */
export const releasesSeen = (attempts: readonly HttpAttempt[]): readonly ReleaseSeen[] => {
  const seen = new Map<string, ReleaseSeen>();
  for (const { release, t } of attempts) {
    if (release === null) continue;
    const before = seen.get(release);
    seen.set(release, { release, answers: (before?.answers ?? 0) + 1, first: Math.min(before?.first ?? t, t), last: Math.max(before?.last ?? t, t) });
  }
  return [...seen.values()].sort((a, b) => a.first - b.first);
};

export interface WorkDone {
  readonly acknowledged: number;
  /** Acknowledged, and not there afterwards; null: what is there could not be read. */
  readonly missing: readonly string[] | null;
  /** There more than once. */
  readonly duplicated: readonly string[] | null;
}

/** Of one kind of work: every acknowledged unit must be there once; one that was not acknowledged may be there once, or not. */
export const workDone = (attempts: readonly HttpAttempt[], stream: HttpStream, stored: Stored | null): WorkDone => {
  const tried = new Set(attempts.flatMap((a) => (a.stream === stream && a.key !== undefined ? [a.key] : [])));
  const acked = new Set(attempts.flatMap((a) => (a.stream === stream && a.outcome === 'ok' && a.key !== undefined ? [a.key] : [])));
  return {
    acknowledged: acked.size,
    missing: stored === null ? null : [...acked].filter((key) => !stored.has(key)),
    duplicated: stored === null ? null : [...tried].filter((key) => (stored.get(key) ?? 0) > 1),
  };
};

/** Orders that a client looked at (a look carries the order’s key) and that are missing afterwards. */
export const readThenMissing = (attempts: readonly HttpAttempt[], orders: Stored | null): number | null => {
  if (orders === null) return null;
  const read = new Set(attempts.flatMap((a) => ((a.stream === 'read' || a.stream === 'fresh') && a.outcome === 'ok' && a.key !== undefined ? [a.key] : [])));
  return [...read].filter((key) => !orders.has(key)).length;
};

/** Streams that were not served in the last seconds before the fault: without that, nothing can be judged. */
export const unservedBefore = ({ attempts, clients, faultAt }: WorkloadHistory, withinSeconds: number): readonly string[] => {
  const served = new Set(attempts.filter((a) => a.outcome === 'ok' && a.t <= faultAt && a.t > faultAt - withinSeconds).map(streamOf));
  return clients.flatMap((client) => HTTP_STREAMS.map((stream) => streamOf({ client, stream }))).filter((stream) => !served.has(stream));
};

/** Seconds after the fault until the last attempt failed (0: none did). */
export const lastFailureSeconds = (history: WorkloadHistory, requests: readonly HttpRequest[]): number =>
  Math.max(0, ...failedAttempts(requests).map((a) => a.t - history.faultAt));
