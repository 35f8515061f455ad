import { CACHE_SCENARIOS } from '../topology/scenarios';
import type { EnvironmentInput } from '../topology/types';
import { seconds } from '../topology/units';
import { smallCache } from './lab';
import { labRegions } from './lab-regions';

/** The lab of two regions with a cache in each, and what copies between them. Busy on two cores, so durations that are measured here say little. */
export const labRegionsCache: EnvironmentInput = {
  ...labRegions,
  name: 'lab-regions-cache',
  // One replica per master: twice nine nodes would be half of what the machine runs. So nobody confirms a write after a failover, and no loss of 0 is promised.
  cache: { ...smallCache, replicasPerMaster: 1, minReplicasToWrite: 0 },
  objectives: Object.fromEntries(CACHE_SCENARIOS.map((scenario) => [scenario, { rpo: seconds(5) }])),
};
