/** How the drills of regions are carried out. */
import type { RegionScenario } from '../../../lib/topology/scenarios';
import { cut, crash, lose, rejoin, switchover } from '../../regions/drills';
import type { Procedures } from './procedure';

export const REGION_PROCEDURES: Procedures<RegionScenario> = {
  'region-switchover': switchover,
  'region-crash-promotion': crash,
  'regions-link-cut': cut,
  'standby-region-lost': lose,
  'region-rejoin': rejoin,
};
