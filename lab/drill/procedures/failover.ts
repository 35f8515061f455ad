/** How the drills of the region failover are carried out. */
import type { FailoverScenario } from '../../../lib/topology/scenarios';
import { interrupted, isolated, leaseStoreLost, regionLost, witnessLost } from '../../failover/drills';
import { failback, lagGate } from '../../failover/drills-by-people';
import type { Procedures } from './procedure';

export const FAILOVER_PROCEDURES: Procedures<FailoverScenario> = {
  'region-lost': regionLost,
  'region-isolated': isolated,
  'witness-lost': witnessLost,
  'lease-store-lost': leaseStoreLost,
  'failover-interrupted': interrupted,
  'lag-gate': lagGate,
  failback,
};
