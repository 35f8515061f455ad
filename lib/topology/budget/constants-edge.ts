/** What the budgets of the edge count on and nobody configures, and how long its drills last. Seconds. */
import type { Limit } from '../types';
import { span, type Span } from './constants';

export const EDGE_CONSTANTS = {
  besideAFlood: span(0, 1, 'estimated: a request waits for processors that the flood keeps busy'),
} as const satisfies Readonly<Record<string, Span>>;

/** Addresses that ask for too much. */
export const FLOODERS = 4;
/** After the last of them is over the limit, the flood goes on for so long. */
export const REFUSED_FOR_SECONDS = 15;
/** How long the drill invalid-signature-flood lasts. */
export const FORGED_SECONDS = 20;
/** Requests per second of each address there. */
export const FORGED_PER_SECOND = 100;
/** How long the drill limiter-loses-state keeps Redis away, and looks at each other state. */
export const LIMITER_AWAY_SECONDS = 15;
/** A switch reaches every pod with the kubelet's next look at its volumes. */
export const SWITCH_WITHIN_SECONDS = 120;

/** A flood begins by opening its connections, and a busy machine makes it with less than was asked for. */
const FLOOD_MARGIN = 1.5;

/** Seconds until each of some flooders, who share so many times the limit, has used its window up, at the latest. */
export const overLimitAfter = (limit: Limit, factor: number): number => (FLOOD_MARGIN * limit.window * FLOODERS) / factor;
