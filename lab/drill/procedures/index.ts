import type { ProcedureScenario } from '../../../lib/topology/scenarios';
import { BACKUP_PROCEDURES } from './backups';
import { CACHE_PROCEDURES } from './cache';
import { EDGE_PROCEDURES } from './edge';
import { FAILOVER_PROCEDURES } from './failover';
import { OPERATION_PROCEDURES } from './operations';
import type { Procedures } from './procedure';
import { REGION_PROCEDURES } from './regions';
import { SECRET_PROCEDURES } from './secrets';
import { CERTIFICATE_PROCEDURES } from './certificates';
import { WORKLOAD_PROCEDURES } from './workloads';

export type { Procedure, ProcedureContext } from './procedure';

export const PROCEDURES: Procedures<ProcedureScenario> = {
  ...CACHE_PROCEDURES,
  ...REGION_PROCEDURES,
  ...FAILOVER_PROCEDURES,
  ...SECRET_PROCEDURES,
  ...BACKUP_PROCEDURES,
  ...OPERATION_PROCEDURES,
  ...WORKLOAD_PROCEDURES,
  ...EDGE_PROCEDURES,
  ...CERTIFICATE_PROCEDURES,
};
