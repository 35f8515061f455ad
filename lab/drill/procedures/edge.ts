/** How the drills of the edge are carried out. */
import type { EdgeScenario } from '../../../lib/topology/scenarios';
import { limiterLosesState } from '../../edge-tier/limiter';
import { nonceStoreDown } from '../../edge-tier/nonces';
import { overload } from '../../edge-tier/overload';
import { invalidSignatureFlood } from '../../edge-tier/signatures';
import type { Procedures } from './procedure';

export const EDGE_PROCEDURES: Procedures<EdgeScenario> = {
  overload,
  'invalid-signature-flood': invalidSignatureFlood,
  'limiter-loses-state': limiterLosesState,
  'nonce-store-down': nonceStoreDown,
};
