/** How the drills of the region failover are carried out. `lag-gate` and `failback` need approvals by two people, and are not here yet. */
import type { FailoverScenario } from '../../../lib/topology/scenarios';
import { interrupted, isolated, leaseStoreLost, regionLost, witnessLost } from '../../failover/drills';
import type { Procedures } from './procedure';

export const FAILOVER_PROCEDURES: Partial<Procedures<FailoverScenario>> = {
  'region-lost': regionLost,
  'region-isolated': isolated,
  'witness-lost': witnessLost,
  'lease-store-lost': leaseStoreLost,
  'failover-interrupted': interrupted,
};
