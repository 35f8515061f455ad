/** What the budgets of workloads count on and nobody configures: constants of the programs, and of the reference backend (examples/backend). Seconds. */
import { span, type Span } from './constants';

export const WORKLOAD_CONSTANTS = {
  betweenRequests: span(0, 0.6, 'the drill: a client’s own pause between two requests'),
  requestUnderWay: span(0, 1.2, 'estimated from a few runs: a request is answered late, beside pods that start on a small machine'),
  triedElsewhere: span(0, 0.5, 'estimated from a few runs: the gateway sends the request to another pod'),
  clientRetry: span(0, 0.3, 'the drill: the client’s own pause between two attempts'),
  containerStarts: span(0.5, 8, 'estimated from a few runs: sandbox and container made, the program listens'),
  restartBegins: span(0, 2, 'kubelet constant: a container that had not ended in the last ten minutes is started again at once'),
  controllerActs: span(0, 3, 'estimated from a few runs: Argo Rollouts sees a change and acts on it'),
  analysisStarts: span(0.5, 10, 'estimated from a few runs: the pod of the analysis is placed and starts'),
  releaseSwitched: span(0, 5, 'estimated from a few runs: the Service selects the new pods, and the gateway has asked the cluster’s DNS'),
  databaseMissed: span(0, 4, 'examples/backend: it asks the database once a second, and waits 3 s for an answer'),
  partitionTold: span(3, 3, 'examples/backend: a pod that has lost the database for 3 s while another one sees it leaves'),
  requestGivenUp: span(0, 10, 'examples/backend: REQUEST_DEADLINE_MS; a request is tried again until then'),
  eventQueued: span(0, 4, 'examples/backend: the database gets so long for an event before it goes to Redis'),
  cacheMissed: span(0, 3, 'examples/backend: commands to Redis get so long before the database is asked'),
} as const satisfies Readonly<Record<string, Span>>;

/** How long the drill database-down keeps the database away. */
export const DATABASE_DOWN_SECONDS = 15;
/** How long the drill cache-down keeps the cache away. */
export const CACHE_DOWN_SECONDS = 10;
/** How long the drill pod-loses-database keeps a node from the poolers. */
export const WITHOUT_DATABASE_SECONDS = 25;
/**
 * The drill clock-step, in seconds: a challenge's life in it, what clocks may differ by (examples/backend), offsets of a pod that is wrong (more than a challenge's life and
 * tolerance, less than the minute that a signature is good for) and far off (more than it), and by how much the time servers are turned.
 */
export const CLOCK_DRILL = { lifetimeSeconds: 20, toleranceSeconds: 1, offSeconds: 40, farOffSeconds: 90, turnedSeconds: 2.5 } as const;
/** Handed-in events are stored within so long after the database's return (NR-3). */
export const REPLAYED_WITHIN_SECONDS = 60;
