import { rule, when, type Rule } from './rule';

/** The longest span that a CloudWatch alarm can look back over. */
const LONGEST_ALARM_HOURS = 168;

const FIELDS: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
];

/** A field of a cron expression as Kubernetes takes it, in numbers: `*`, `5`, `1-5`, each with `/2`, in a list. */
const isField = (text: string, [least, most]: readonly [number, number]): boolean =>
  text.split(',').every((part) => {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/([1-9]\d?))?$/.exec(part);
    if (match === null) return false;
    const [from, to] = [Number(match[1] ?? least), Number(match[2] ?? match[1] ?? most)];
    return from >= least && to <= most && from <= to;
  });

const isSchedule = (text: string): boolean => {
  const fields = text.split(' ');
  return fields.length === FIELDS.length && FIELDS.every((bounds, i) => isField(fields[i] ?? '', bounds));
};

export const backupSchedules: Rule = rule(
  'backup-schedules',
  'Schedules of backups and of their verification are cron expressions of five fields, in numbers.',
  ({ backups }) =>
    (['fullSchedule', 'differentialSchedule', 'verifySchedule'] as const).flatMap((key) =>
      when(!isSchedule(backups[key]), () => ({
        path: `backups.${key}`,
        given: JSON.stringify(backups[key]),
        allowed: 'minute, hour, day of month, month, day of week (0-6), in UTC, separated by one space',
        fix: 'for example "0 1 * * 0", Sundays at 1 o’clock',
      })),
    ),
);

export const oneCopyOfTheBackups: Rule = rule(
  'one-copy-of-the-backups',
  'A second repository needs a standby region, and is written by pgBackRest or copied by S3, not both: each would overwrite the other.',
  (environment) => {
    const { secondRepository, replicateToStandby } = environment.backups;
    const standby = environment.regions.some((region) => region.role === 'standby');
    return [
      ...when(secondRepository && !standby, () => ({
        path: 'backups.secondRepository',
        given: 'true without a standby region',
        allowed: 'false, or a region with role "standby"',
        fix: 'add a standby region, or set it to false',
      })),
      ...when(secondRepository && replicateToStandby, () => ({
        path: 'backups.replicateToStandby',
        given: 'true with secondRepository true',
        allowed: 'one of the two',
        fix: 'set replicateToStandby to false: a repository of its own can be restored from at any moment, a copy only as far as S3 has come',
      })),
    ];
  },
);

export const archiveIsBounded: Rule = rule(
  'archive-is-bounded',
  'A segment is archived at the latest after archiveTimeout, whole seconds from 1 s to 1 h: what a point in time can lose.',
  ({ backups: { archiveTimeout, processMax } }) => [
    ...when(!Number.isInteger(archiveTimeout) || archiveTimeout < 1 || archiveTimeout > 3600, () => ({
      path: 'backups.archiveTimeout',
      given: `${archiveTimeout} s`,
      allowed: 'whole seconds, 1 to 3600 (PostgreSQL takes 0 for never)',
      fix: 'use minutes(1)',
    })),
    ...when(processMax < 1 || processMax > 64, () => ({ path: 'backups.processMax', given: String(processMax), allowed: '1 to 64', fix: 'use 4' })),
  ],
);

export const verificationIsWatched: Rule = rule(
  'verification-is-watched',
  'The alarm on the newest verified backup allows for at least one verification, and no more than CloudWatch can look back over.',
  ({ backups: { newestVerifiedMaxAge } }) =>
    when(newestVerifiedMaxAge < 3600 || newestVerifiedMaxAge > LONGEST_ALARM_HOURS * 3600, () => ({
      path: 'backups.newestVerifiedMaxAge',
      given: `${newestVerifiedMaxAge} s`,
      allowed: `1 h to ${LONGEST_ALARM_HOURS} h`,
      fix: 'use hours(48), twice the distance of two daily verifications',
    })),
);

export const delayIsReal: Rule = rule(
  'delayed-replica-is-behind',
  'A replica that stays behind is at least a second behind, and at most as long as backups are kept.',
  ({ backups }) => {
    const { delayedReplica, retentionDays } = backups;
    if (delayedReplica === null) return [];
    return when(delayedReplica.delay < 1 || delayedReplica.delay > retentionDays * 86_400, () => ({
      path: 'backups.delayedReplica.delay',
      given: `${delayedReplica.delay} s`,
      allowed: `1 s to ${retentionDays} days (backups.retentionDays)`,
      fix: 'use hours(1), or null for no such replica',
    }));
  },
);
