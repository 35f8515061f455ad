/** What the drills of the cache do. */
import type { CacheScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const CACHE_DRILLS: ProcedureDescriptions<CacheScenario> = {};
