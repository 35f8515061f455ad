/** What every drill does, by family. */
import type { ProcedureScenario } from '../../topology/scenarios';
import { BACKUP_DRILLS } from './backups';
import { CACHE_DRILLS } from './cache';
import { EDGE_DRILLS } from './edge';
import { FAILOVER_DRILLS } from './failover';
import { OPERATION_DRILLS } from './operations';
import type { ProcedureDescriptions } from './procedure';
import { REGION_DRILLS } from './regions';
import { SECRET_DRILLS } from './secrets';
import { CERTIFICATE_DRILLS } from './certificates';
import { WORKLOAD_DRILLS } from './workloads';

export { DATABASE_DRILLS } from './database';
export type { DrillDescription, StepsDescription } from './description';
export type { ProcedureDescription } from './procedure';

export const PROCEDURE_DRILLS: ProcedureDescriptions<ProcedureScenario> = {
  ...CACHE_DRILLS,
  ...REGION_DRILLS,
  ...FAILOVER_DRILLS,
  ...SECRET_DRILLS,
  ...BACKUP_DRILLS,
  ...OPERATION_DRILLS,
  ...WORKLOAD_DRILLS,
  ...EDGE_DRILLS,
  ...CERTIFICATE_DRILLS,
};
