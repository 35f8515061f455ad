/** What the budgets of region failover count on and nobody configures. Seconds. */
import { span, type Span } from './constants';

export const FAILOVER_CONSTANTS = {
  look: span(0.1, 2, 'estimated: one look of the decider, whose questions are given up after 2 s'),
  workflowStarts: span(0.1, 3, 'estimated: the decider starts the workflow, and the first function of each kind is loaded'),
  precheck: span(0.2, 3, 'failover constant: a primary region that does not answer is waited for 1.5 s; the target answers meanwhile'),
  leaseTaken: span(0.1, 3, 'failover constant: the gate once more (1.5 s for a silent region), one write to the lease store'),
  promised: span(0.05, 1.5, 'failover constant: a door that does not answer is given up after 1.5 s, and the next one asked'),
  marks: span(0.05, 1, 'estimated: two writes to the lease store'),
  repointed: span(0.1, 1.5, 'failover constant: a region that does not answer is waited for 1 s'),
  verified: span(0.1, 2, 'estimated: a row is written and read back'),
  switched: span(0.1, 3, 'estimated: three objects are written, each given up after 3 s'),
  checkersAgree: span(0, 5, 'estimated: Route 53 gathers what its checkers say'),
  connectedAnew: span(0.1, 2.5, 'the drill: a client gives an attempt to connect up after 1.5 s, and the next one is made with TLS, over an ocean'),
  approvalSeen: span(0, 5, 'failover constant: approvals are looked at every 5 s'),
  callTimesOut: span(0, 15, 'failover constant: a function that has died is noticed when its call times out'),
} as const satisfies Readonly<Record<string, Span>>;

/** The drill's stand-in for the two people who agree: so long after they are asked. */
export const PEOPLE_SECONDS = 10;
/** How long the drills witness-lost and lease-store-lost keep away what they take away. */
export const AWAY_SECONDS = 300;
/** How long the drill lag-gate holds replication back before the region is lost: beyond failover.maxLag. */
export const BEYOND_LAG_SECONDS = 10;
