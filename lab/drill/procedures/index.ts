import { BACKUP_PROCEDURES } from './backups';
import { CACHE_PROCEDURES } from './cache';
import { OPERATION_PROCEDURES } from './operations';
import type { Procedures } from './procedure';
import { REGION_PROCEDURES } from './regions';
import { SECRET_PROCEDURES } from './secrets';

export type { Procedure, ProcedureContext } from './procedure';

export const PROCEDURES: Partial<Procedures<string>> = {
  ...CACHE_PROCEDURES,
  ...BACKUP_PROCEDURES,
  ...REGION_PROCEDURES,
  ...SECRET_PROCEDURES,
  ...OPERATION_PROCEDURES,
};
