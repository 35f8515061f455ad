/** How the drills of regions are carried out. */
import type { RegionScenario } from '../../../lib/topology/scenarios';
import type { Procedures } from './procedure';

export const REGION_PROCEDURES: Procedures<RegionScenario> = {};
