/** Which stages each scenario of backups goes through: only a restore in place stops anybody. */
import { homeRegion } from '../derive';
import type { BackupScenario } from '../scenarios';
import type { Environment } from '../types';
import { BACKUP_CONSTANTS as C } from './constants-backups';
import type { Span } from './constants';
import type { FamilyLosses, FamilyStages } from './family';
import * as stage from './stages';
import type { Stage } from './stages';

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

/** From the command to the first acknowledged write of every client. */
const inPlace = (environment: Environment): readonly Stage[] => {
  const region = homeRegion(environment);
  return [
    constant('archive checked', C.archiveChecked),
    constant('members stop', C.membersStop),
    constant('members start', C.membersStart),
    { ...constant('backup restored', C.backupRestored), settings: ['backups.processMax'] },
    constant('write-ahead log replayed', C.logReplayed),
    stage.promotion(),
    constant('standby built', C.standbyBuilt),
    ...stage.synchronousStandby(region),
    stage.routing(region, false),
    stage.clientRetry(region, false),
  ];
};

/** The first command dies, and another one goes on when it has been silent for long enough. */
const interrupted = (environment: Environment): readonly Stage[] => [
  ...inPlace(environment),
  constant('holder silent', C.holderSilent),
  constant('refused twice', C.refusedTwice),
];

/** Nothing can be restored: the members start again with what they had. */
const returned = (environment: Environment): readonly Stage[] => {
  const region = homeRegion(environment);
  return [
    constant('members stop', C.membersStop),
    constant('members start', C.membersStart),
    constant('restore fails', C.restoreFails),
    { ...constant('members stop', C.membersStop), name: 'members stop again' },
    { ...constant('members start', C.membersStart), name: 'members start with the old data' },
    constant('leader found', C.leaderFound),
    ...stage.synchronousStandby(region),
    stage.routing(region, false),
    stage.clientRetry(region, false),
  ];
};

const beside = (environment: Environment): readonly Stage[] => [
  stage.undisturbed(),
  constant('beside a copy', C.besideACopy),
  stage.clientRetry(homeRegion(environment), false),
];

export const BACKUP_STAGES: FamilyStages<BackupScenario> = {
  'restore-point-in-time': inPlace,
  'restore-extract': beside,
  'restore-refused': beside,
  'restore-interrupted': interrupted,
  'restore-disk-full': returned,
  'verified-backup': beside,
  'standby-delayed-extract': beside,
};

export const BACKUP_LOSSES: FamilyLosses<BackupScenario> = {
  'restore-point-in-time': () => ({
    seconds: 0,
    because: 'of what was committed before the moment; what came later is given up, which is what the restore is for',
  }),
};
