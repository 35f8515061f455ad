import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export const REJECTIONS = ['invalid_signature', 'expired_challenge', 'duplicate_nonce', 'malformed_receipt'] as const;
export type Rejection = (typeof REJECTIONS)[number];

export const DEGRADABLE = ['database', 'cache', 'limiter', 'nonces'] as const;
export type Degradable = (typeof DEGRADABLE)[number];

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const FINE_SECONDS = [0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.05, 0.25];

/** Everything that the service counts; among them event loop lag and memory, from prom-client. */
export const createMetrics = () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) => new Counter<T>({ name, help, labelNames, registers });
  const metrics = {
    registry,
    receiptsReceived: counter('pouw_receipts_received_total', 'Receipts that were submitted'),
    receiptsRejected: counter('pouw_receipts_rejected_total', 'Receipts that were refused, by reason', ['reason']),
    rateLimitDenials: counter('pouw_rate_limit_denials_total', 'Requests that a limit refused', ['limit']),
    challengesIssued: counter('pouw_challenges_issued_total', 'Challenges that were issued'),
    sourcesRefused: counter('backend_sources_refused_total', 'Requests refused before anything of them was verified', ['by']),
    signaturesVerified: counter('backend_signatures_verified_total', 'Signatures that were verified', ['result']),
    databaseRetries: counter('backend_database_retries_total', 'Statements that were sent again, by the error before', ['code']),
    eventsReplayed: counter('backend_events_replayed_total', 'Events that went from the queue into the database'),
    databaseConnections: new Gauge({
      name: 'backend_database_connections',
      help: 'Connections to the database, by what they do',
      labelNames: ['state'],
      registers,
    }),
    databaseConnectionsMax: new Gauge({ name: 'backend_database_connections_max', help: 'Connections to the database at most', registers }),
    queueDepth: new Gauge({ name: 'backend_queue_depth', help: 'Events in the queue of all pods: take the maximum of the pods, not the sum', registers }),
    degraded: new Gauge({ name: 'backend_degraded', help: '1: the service goes without this part', labelNames: ['part'], registers }),
    inFlight: new Gauge({ name: 'backend_requests_in_flight', help: 'Requests that are being answered', registers }),
    limiterSeconds: new Histogram({ name: 'backend_limiter_seconds', help: 'What the limits add to a request', buckets: FINE_SECONDS, registers }),
    limiterOwnSeconds: new Histogram({
      name: 'backend_limiter_own_seconds',
      help: 'By how much what the limits ask of the cache takes longer than a bare question at the same moment; only while a drill compares them',
      buckets: FINE_SECONDS,
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'From the request to the end of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers,
    }),
  };
  // A series that appears with its first event looks like no event at all to an alert that asks for a rate.
  for (const reason of REJECTIONS) metrics.receiptsRejected.inc({ reason }, 0);
  for (const part of DEGRADABLE) metrics.degraded.set({ part }, 0);
  return metrics;
};

export type Metrics = ReturnType<typeof createMetrics>;
