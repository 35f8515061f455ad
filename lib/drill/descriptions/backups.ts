/** What the drills of backups and restores do. */
import type { BackupScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const BACKUP_DRILLS: ProcedureDescriptions<BackupScenario> = {};
