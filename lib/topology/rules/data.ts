import { rule, when, type Rule } from './rule';

const HOUR = 3600;

export const certificatesRenewInTime: Rule = rule(
  'certificates-renew-in-time',
  'A certificate lives at least 1 h (cert-manager’s minimum) and is renewed before it ends, at least 5 min before and not at once.',
  ({ certificates: { lifetime, renewBefore } }) => [
    ...when(lifetime < HOUR, () => ({ path: 'certificates.lifetime', given: `${lifetime} s`, allowed: '>= 1 h', fix: 'use days(90)' })),
    ...when(renewBefore < 300 || renewBefore >= lifetime, () => ({
      path: 'certificates.renewBefore',
      given: `${renewBefore} s of a lifetime of ${lifetime} s`,
      allowed: 'at least 5 min, less than lifetime',
      fix: `use a third of the lifetime, seconds(${Math.floor(lifetime / 3)})`,
    })),
  ],
);

export const backupsAreKept: Rule = rule('backups-are-kept', 'Backups are kept for at least one day.', ({ backups }) =>
  when(backups.retentionDays < 1, () => ({ path: 'backups.retentionDays', given: String(backups.retentionDays), allowed: '>= 1', fix: 'use 35' })),
);

export const lockEndsBeforeRetention: Rule = rule(
  'object-lock-within-retention',
  'Objects are locked no longer than they are kept: the lifecycle could not delete them.',
  ({ backups }) =>
    when(backups.objectLockDays > backups.retentionDays, () => ({
      path: 'backups.objectLockDays',
      given: `${backups.objectLockDays} days with a retention of ${backups.retentionDays} days`,
      allowed: '<= backups.retentionDays',
      fix: `use at most ${backups.retentionDays}, or a longer retention`,
    })),
);

export const replicationNeedsAStandby: Rule = rule(
  'backup-replication-needs-a-standby',
  'Backups are replicated only where there is a standby region.',
  (environment) =>
    when(environment.backups.replicateToStandby && !environment.regions.some((region) => region.role === 'standby'), () => ({
      path: 'backups.replicateToStandby',
      given: 'true without a standby region',
      allowed: 'false, or a region with role "standby"',
      fix: 'add a standby region, or set it to false',
    })),
);
