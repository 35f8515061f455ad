/** What the drills of the edge do. */
import {
  FLOODERS,
  FORGED_PER_SECOND,
  FORGED_SECONDS,
  LIMITER_AWAY_SECONDS,
  overLimitAfter,
  REFUSED_FOR_SECONDS,
  SWITCH_WITHIN_SECONDS,
} from '../../topology/budget/constants-edge';
import type { EdgeScenario } from '../../topology/scenarios';
import type { Edge, Environment } from '../../topology/types';
import { OVERLOAD_FACTOR } from '../edge/overload';
import type { ProcedureDescription, ProcedureDescriptions } from './procedure';

const USERS = 'users in every zone place orders, look at them, keep sessions and hand in events, over TLS through the gateway, until all of it is served';
const CHECKS = 'no request of those users may fail, and every order and event that was acknowledged must be there once';
const HEALTHY_DEADLINE_SECONDS = 60;
const PATIENCE_SECONDS = 60;

type Particular = Pick<ProcedureDescription, 'title' | 'scenario' | 'requirements'> & { readonly fault: readonly string[]; readonly lasts: number };
const described =
  (particular: (edge: Edge) => Particular): ((environment: Environment) => ProcedureDescription) =>
  ({ edge, name }) => {
    if (edge === null) throw new Error(`environment "${name}" has no edge`);
    const { fault, lasts, ...rest } = particular(edge);
    return {
      ...rest,
      planned: false,
      procedure: [USERS, ...fault, CHECKS],
      healthyDeadlineSeconds: HEALTHY_DEADLINE_SECONDS,
      longestFaultSeconds: lasts + PATIENCE_SECONDS,
    };
  };

export const EDGE_DRILLS: ProcedureDescriptions<EdgeScenario> = {
  overload: described(({ limits }) => ({
    title: `${FLOODERS} addresses ask for ${OVERLOAD_FACTOR} times what one is allowed`,
    scenario: 'The application refuses them by its own limits until the gateway does, for as long as they go on; users beside them notice nothing.',
    requirements: ['CS-4', 'PW-3', 'NR-5'],
    fault: [
      'compare what the gateway answers with and without its limits, and read how long the application’s take',
      `ask for ${OVERLOAD_FACTOR * limits.waf.requestsPerSecond} orders per second that are not there, from ${FLOODERS} addresses`,
      `go on for ${REFUSED_FOR_SECONDS} s after all of them are over the gateway’s limit`,
    ],
    lasts: overLimitAfter(limits.waf, OVERLOAD_FACTOR) + REFUSED_FOR_SECONDS,
  })),
  'invalid-signature-flood': described(() => ({
    title: `${FLOODERS} addresses hand in receipts with signatures that don’t verify`,
    scenario: 'After a few of them an address is refused before anything is verified, at the gateway; users beside them notice nothing.',
    requirements: ['PW-6', 'NR-5', 'CS-4'],
    fault: [
      'measure the processor time of the pods with users alone, and with signatures that are all verified',
      `hand in ${FORGED_PER_SECOND} receipts per second and address, each with a well-formed signature of somebody else, for ${FORGED_SECONDS} s`,
    ],
    lasts: FORGED_SECONDS + PATIENCE_SECONDS,
  })),
  'limiter-loses-state': described(({ limiterDown, warmUp }) => ({
    title: 'the limiter’s Redis is away, and comes back without what it knew',
    scenario: `While it is away limits are ${limiterDown === 'local' ? 'counted by each pod for itself' : limiterDown === 'open' ? 'not applied' : 'not applied, and nothing is served'}; then they grow from half to whole.`,
    requirements: ['PW-3', 'CS-4', 'NR-4'],
    fault: [
      'one user asks for several times its limit all the while',
      `refuse all traffic between the pods and Redis for ${LIMITER_AWAY_SECONDS} s, and delete what the limiter knows meanwhile`,
      `hold until the warm-up of ${warmUp} s is over`,
    ],
    lasts: 4 * LIMITER_AWAY_SECONDS + warmUp,
  })),
  'nonce-store-down': described(() => ({
    title: 'nonces can’t be checked',
    scenario:
      'Receipts are refused with 503 at once, and never taken unchecked, until somebody allows it by name: then they are taken and written down for an audit.',
    requirements: ['PW-4', 'NR-4'],
    fault: [
      'hand in receipts, with the nonces checked',
      'refuse all traffic between the pods and Redis, and hand in receipts: each is refused',
      'turn the switch of the emergency, and hand in receipts: each is taken and written down',
      'turn it back, let Redis be reached, and hand in receipts, some of them twice',
    ],
    lasts: 2 * SWITCH_WITHIN_SECONDS,
  })),
};
