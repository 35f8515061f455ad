/** What the budgets of regions count on and nobody configures. Seconds. */
import { span, type Span } from './constants';

export const REGION_CONSTANTS = {
  /** The peers are asked so often while nobody is known to take writes; the answer crosses the link. */
  peerHeard: span(0.1, 0.6, 'follower constant: other regions are asked every 0.15 s while none is known to take writes; and the link’s round trip'),
  /** Of a region that is off every member is waited for. */
  lookedAt: span(0.3, 2, 'the region primitives: a member that does not answer is given up after 1.5 s'),
  lastSegment: span(
    0.2,
    1.2,
    'measured (docs/measurements/notes.md): a primary that archives fills up its segment when it ends (4 MiB), and the standby region receives it',
  ),
  level: span(0.08, 0.4, 'estimated, not yet measured on a quiet machine: the standby region replays what was written, and its word crosses the link'),
  forwarded: span(0.1, 0.5, 'estimated, not yet measured on a quiet machine: a write that is forwarded crosses the link twice'),
} as const satisfies Readonly<Record<string, Span>>;

/** The drill's stand-in for whoever decides: so long after a region is lost it is promoted away from. */
export const DECISION_SECONDS = 1;
/** How long the drill regions-link-cut cuts the link. */
export const LINK_CUT_SECONDS = 60;
/** How long the drill standby-region-lost keeps the standby region off. */
export const STANDBY_AWAY_SECONDS = 20;
