/** What the drills of regions do. */
import type { RegionScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const REGION_DRILLS: ProcedureDescriptions<RegionScenario> = {};
