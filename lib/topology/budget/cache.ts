/** Which stages each scenario of the cache goes through. */
import type { CacheScenario } from '../scenarios';
import type { FamilyStages } from './family';

export const CACHE_STAGES: FamilyStages<CacheScenario> = {};
