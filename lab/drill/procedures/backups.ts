/** How the drills of backups are carried out. */
import type { BackupScenario } from '../../../lib/topology/scenarios';
import { delayedExtract } from '../../backups/delayed';
import { extract, pointInTime } from '../../backups/restore';
import { refused } from '../../backups/refused';
import { diskFull, interrupted } from '../../backups/returned';
import { verifiedBackup } from '../../backups/verified';
import type { Procedures } from './procedure';

export const BACKUP_PROCEDURES: Procedures<BackupScenario> = {
  'restore-point-in-time': pointInTime,
  'restore-extract': extract,
  'restore-refused': refused,
  'restore-interrupted': interrupted,
  'restore-disk-full': diskFull,
  'verified-backup': verifiedBackup,
  'standby-delayed-extract': delayedExtract,
};
