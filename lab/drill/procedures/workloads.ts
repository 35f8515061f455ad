/** How the drills of workloads are carried out. */
import type { WorkloadScenario } from '../../../lib/topology/scenarios';
import { clockStep } from '../../workload-tier/clocks';
import { badDeploy, goodDeploy } from '../../workload-tier/deploys';
import { applicationNodeDies, podLosesDatabase } from '../../workload-tier/nodes';
import { outOfMemory } from '../../workload-tier/out-of-memory';
import { cacheDown, databaseDown } from '../../workload-tier/outages';
import { loadSurge, queueBacklog } from '../../workload-tier/scaling';
import type { Procedures } from './procedure';

export const WORKLOAD_PROCEDURES: Procedures<WorkloadScenario> = {
  'good-deploy': goodDeploy,
  'bad-deploy': badDeploy,
  'out-of-memory': outOfMemory,
  'pod-loses-database': podLosesDatabase,
  'application-node-dies': applicationNodeDies,
  'queue-backlog': queueBacklog,
  'load-surge': loadSurge,
  'cache-down': cacheDown,
  'database-down': databaseDown,
  'clock-step': clockStep,
};
