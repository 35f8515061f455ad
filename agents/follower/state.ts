import type { Clients } from './credentials';
import type { Address, CandidateAnswer, PoolerState, Reading, Route, RouteAnswer } from './decide';
import type { PeerView } from './region-view';

/** What the loops know in common. Only its owner writes a field. */
export interface State {
  /** Owner: the reading loop. */
  reading: Reading | undefined;
  olderSince: number | undefined;
  /** When this follower first saw the present leader under its present key, milliseconds of the monotonic clock. */
  leaderSince: number | undefined;
  /** Owner: the routing loop. */
  route: Route | undefined;
  pooler: PoolerState;
  answer: CandidateAnswer | undefined;
  routeUrl: string | undefined;
  routeAnswer: RouteAnswer | undefined;
  paused: boolean;
  /** Owner: the credentials' loop. undefined: PgBouncer has not been asked yet. */
  clients: Clients | undefined;
  /** Owner: the regions loop. What was last heard of the others, by name. */
  readonly peers: Map<string, PeerView>;
  /** How old the newest row is that this region has; undefined: not known, or it is the primary one. */
  ageSeconds: number | undefined;
  /** Where reads of the region's own rows should go. */
  localTarget: Address | undefined;
  /** Last turns of the two loops: a loop that hangs is not alive. */
  readAt: number;
  actedAt: number;
}

export const newState = (route: Route | undefined, now: number): State => ({
  reading: undefined,
  olderSince: undefined,
  leaderSince: undefined,
  route,
  pooler: { kind: 'unknown' },
  answer: undefined,
  routeUrl: undefined,
  routeAnswer: undefined,
  paused: false,
  clients: undefined,
  peers: new Map(),
  ageSeconds: undefined,
  localTarget: undefined,
  readAt: now,
  actedAt: now,
});
