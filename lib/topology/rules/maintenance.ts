import { CADENCE_SECONDS, COLUMN_NAME, maintenanceTasks, sameTable, TABLE_NAME } from '../maintenance';
import { rule, when, type Finding, type Rule } from './rule';

const ALLOWED_TABLE = '`table` or `schema.table` of lower-case letters, digits and underscores, nothing of PostgreSQL’s own (pg_*, information_schema)';

const badName = (path: string, given: string, pattern: RegExp, allowed: string): readonly Finding[] =>
  when(!pattern.test(given), () => ({ path, given: JSON.stringify(given), allowed, fix: 'name a table or column of the application as PostgreSQL shows it' }));

export const maintenanceNames: Rule = rule(
  'maintenance-names',
  'Retention names tables and columns by plain PostgreSQL names: they become part of SQL.',
  ({ maintenance }) =>
    maintenance.retention.flatMap(({ table, column, archiveTo }, i) => [
      ...badName(`maintenance.retention[${i}].table`, table, TABLE_NAME, ALLOWED_TABLE),
      ...badName(`maintenance.retention[${i}].column`, column, COLUMN_NAME, 'lower-case letters, digits and underscores'),
      ...(archiveTo === null ? [] : badName(`maintenance.retention[${i}].archiveTo`, archiveTo, TABLE_NAME, ALLOWED_TABLE)),
    ]),
);

export const archivesAreElsewhere: Rule = rule(
  'archives-are-elsewhere',
  'Rows are archived to another table than they come from, and a table has one retention.',
  ({ maintenance: { retention } }) =>
    retention.flatMap(({ table, archiveTo }, i) => [
      ...when(archiveTo !== null && sameTable(table, archiveTo), () => ({
        path: `maintenance.retention[${i}].archiveTo`,
        given: `${JSON.stringify(archiveTo)}, the table itself`,
        allowed: 'another table',
        fix: `use "${table}_archive"`,
      })),
      ...when(
        retention.slice(0, i).some((other) => sameTable(other.table, table)),
        () => ({
          path: `maintenance.retention[${i}].table`,
          given: `${JSON.stringify(table)} a second time`,
          allowed: 'one retention for each table',
          fix: 'remove one of them',
        }),
      ),
    ]),
);

/** Below this, a slow transaction's new rows may be old before it has committed. */
const LEAST_RETENTION = 3600;

export const retentionIsLongEnough: Rule = rule(
  'retention-is-long-enough',
  'Rows stay at least an hour: younger ones may belong to work that is still going on.',
  ({ maintenance: { retention } }) =>
    retention.flatMap(({ olderThan }, i) =>
      when(olderThan < LEAST_RETENTION, () => ({
        path: `maintenance.retention[${i}].olderThan`,
        given: `${olderThan} s`,
        allowed: `>= ${LEAST_RETENTION} s`,
        fix: 'use hours(1) or more, for example days(7)',
      })),
    ),
);

/** Kubernetes allows a CronJob's name 52 characters, and `maintenance-` comes before the task's. */
const LONGEST_TASK_NAME = 40;

export const maintenanceTasksAreDistinct: Rule = rule(
  'maintenance-tasks-are-distinct',
  'Each maintenance task has a name of its own that Kubernetes takes.',
  ({ maintenance }) => {
    const tasks = maintenanceTasks(maintenance);
    return tasks.flatMap(({ name, policy }, i) => {
      const path = `maintenance.retention[${i - 1}].table`;
      const taken = policy !== null && tasks.slice(0, i).some((other) => other.name === name);
      return [
        ...when(taken && !maintenance.retention.slice(0, i - 1).some(({ table }) => sameTable(table, policy?.table ?? '')), () => ({
          path,
          given: `the task "${name}" a second time`,
          allowed: 'tables whose names differ in more than dots and underscores',
          fix: 'rename one of the tables',
        })),
        ...when(name.length > LONGEST_TASK_NAME, () => ({
          path,
          given: `the task "${name}" of ${name.length} characters`,
          allowed: `<= ${LONGEST_TASK_NAME}`,
          fix: 'use a shorter table name',
        })),
      ];
    });
  },
);

const LARGEST_BATCH = 50_000;

export const maintenanceIsBounded: Rule = rule(
  'maintenance-is-bounded',
  'A maintenance transaction and a run are bounded: batches of 1 to 50000 rows, a lock is waited for shorter than a statement may take, and a run ends before the next one is due.',
  ({ maintenance }) => {
    const { batchSize, batchPause, timeLimit, statementTimeout, lockTimeout } = maintenance;
    const often = maintenanceTasks(maintenance).reduce((a, b) => (CADENCE_SECONDS[b.every] < CADENCE_SECONDS[a.every] ? b : a));
    const next = CADENCE_SECONDS[often.every];
    return [
      ...when(batchSize < 1 || batchSize > LARGEST_BATCH, () => ({
        path: 'maintenance.batchSize',
        given: String(batchSize),
        allowed: `1 to ${LARGEST_BATCH}`,
        fix: 'use 1000',
      })),
      ...when(batchPause > 60, () => ({ path: 'maintenance.batchPause', given: `${batchPause} s`, allowed: '0 to 60 s', fix: 'use seconds(0.1)' })),
      ...when(statementTimeout < 1, () => ({
        path: 'maintenance.statementTimeout',
        given: `${statementTimeout} s`,
        allowed: '>= 1 s',
        fix: 'use seconds(30)',
      })),
      ...when(lockTimeout <= 0 || lockTimeout >= statementTimeout, () => ({
        path: 'maintenance.lockTimeout',
        given: `${lockTimeout} s with a statementTimeout of ${statementTimeout} s`,
        allowed: '> 0 s, less than statementTimeout',
        fix: 'use seconds(5) with a statementTimeout of seconds(30)',
      })),
      ...when(timeLimit < 60 || timeLimit >= next, () => ({
        path: 'maintenance.timeLimit',
        given: `${timeLimit} s, with "${often.name}" every ${often.every}`,
        allowed: `60 s to less than ${next} s`,
        fix: 'use minutes(30)',
      })),
    ];
  },
);
