import { rule, when, type Rule } from './rule';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** What auditors accept (PCI DSS 4.0.1, 8.3.9), and about what a CronJob's calendar can say. */
const LONGEST = 90 * DAY;

export const rotationsEnd: Rule = rule(
  'rotations-end',
  'A rotation ends before the next one begins, and none is rarer than every 90 days.',
  ({ rotation: { databaseEvery, grace } }) => [
    ...when(databaseEvery !== 0 && (databaseEvery < DAY || databaseEvery > LONGEST || databaseEvery % DAY !== 0), () => ({
      path: 'rotation.databaseEvery',
      given: `${databaseEvery} s`,
      allowed: 'whole days from 1 to 90, or 0: only on command',
      fix: 'use days(30)',
    })),
    ...when(grace < 60, () => ({
      path: 'rotation.grace',
      given: `${grace} s`,
      allowed: '>= 60 s: a new password is in every pod after a minute or so, and clients have to read it',
      fix: 'use hours(1)',
    })),
    ...when(databaseEvery !== 0 && grace > databaseEvery / 2, () => ({
      path: 'rotation.grace',
      given: `${grace} s, with a rotation every ${databaseEvery} s`,
      allowed: 'at most half of rotation.databaseEvery',
      fix: 'shorten the grace period, or rotate less often',
    })),
  ],
);
