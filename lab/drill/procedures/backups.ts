/** How the drills of backups and restores are carried out. */
import type { BackupScenario } from '../../../lib/topology/scenarios';
import type { Procedures } from './procedure';

export const BACKUP_PROCEDURES: Procedures<BackupScenario> = {};
