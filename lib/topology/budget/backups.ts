/** Which stages each scenario of backups and restores goes through. */
import type { BackupScenario } from '../scenarios';
import type { FamilyStages } from './family';

export const BACKUP_STAGES: FamilyStages<BackupScenario> = {};
