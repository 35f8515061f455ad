/** Which stages each scenario of regions goes through. */
import type { RegionScenario } from '../scenarios';
import type { FamilyStages } from './family';

export const REGION_STAGES: FamilyStages<RegionScenario> = {};
