/** How the drills of the cache are carried out. */
import type { CacheScenario } from '../../../lib/topology/scenarios';
import type { Procedures } from './procedure';

export const CACHE_PROCEDURES: Procedures<CacheScenario> = {};
