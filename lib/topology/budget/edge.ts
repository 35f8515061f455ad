/** Which stages each scenario of the edge goes through, as a user sees them who does not ask for too much: between two answers that one client gets. */
import type { EdgeScenario } from '../scenarios';
import type { Span } from './constants';
import { EDGE_CONSTANTS } from './constants-edge';
import { WORKLOAD_CONSTANTS as C } from './constants-workloads';
import type { FamilyStages } from './family';
import type { Stage } from './stages';

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

/** Whoever floods is refused; the others are served beside it. */
const besideAFlood = (): readonly Stage[] => [
  constant('between two requests', C.betweenRequests),
  constant('request under way', C.requestUnderWay),
  constant('beside a flood', EDGE_CONSTANTS.besideAFlood),
];

/** With Redis go limits, sessions and nonces: what can do without them goes on. */
const withoutRedis = (): readonly Stage[] => [
  constant('between two requests', C.betweenRequests),
  constant('cache missed', C.cacheMissed),
  constant('request under way', C.requestUnderWay),
];

export const EDGE_STAGES: FamilyStages<EdgeScenario> = {
  overload: besideAFlood,
  'invalid-signature-flood': besideAFlood,
  'limiter-loses-state': withoutRedis,
  'nonce-store-down': withoutRedis,
};
