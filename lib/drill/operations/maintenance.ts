/** Judges maintenance under load: every row is where it must be, and no client noticed. A pure function of what was expected and what was found. */
import { longestGaps, missingRows, openGaps, total } from '../checkers';
import type { History } from '../events';
import { windowOf, type Expectation } from '../expectation';
import { gapFindings, rowFindings, servedAtEndFinding } from '../findings';
import { count, formatIds, intersect, subtract, union, type IdSet } from '../id-set';
import type { ProcedureOutcome } from '../procedure-run';
import { fail, pass, unknown, type Finding } from '../verdict';

/** One table after its task. */
export interface TableFound {
  readonly table: string;
  /** Ids that were due, and that nobody made younger meanwhile. */
  readonly due: IdSet;
  /** Ids that must still be there: younger from the start, made younger, or added while the task ran. */
  readonly kept: IdSet;
  readonly present: IdSet;
  /** What was found in the archive; null: the task deletes. */
  readonly archived: IdSet | null;
  /** Rows of the archive beyond one for each id, and rows whose content is not what was written. */
  readonly duplicates: number;
  readonly altered: number;
}

export interface MaintenanceRun {
  readonly expectation: Expectation;
  readonly tables: readonly TableFound[];
  /** Rows in neither table when the run had just been killed, or null: it was not caught at work. */
  readonly missingWhenKilled: number | null;
  /** Pods that the killed task took to end. */
  readonly attempts: number;
  /** Tasks that did not end well, with the reason. */
  readonly failedTasks: readonly string[];
  readonly vacuumedTables: number;
}

const some = (ids: IdSet): string => (count(ids) <= 20 ? formatIds(ids) : `${formatIds(ids).slice(0, 80)} ...`);

const verdict = (check: string, good: string, faults: readonly string[]): Finding => (faults.length === 0 ? pass(check, good) : fail(check, faults.join('; ')));
const fault = (table: string, ids: IdSet, what: string): readonly string[] => (count(ids) === 0 ? [] : [`${table}: ${count(ids)} ${what} (${some(ids)})`]);

/** Rows that are in no table although they must be in one. */
export const lostRows = ({ due, kept, present, archived }: TableFound): IdSet =>
  archived === null ? subtract(kept, present) : subtract(union(due, kept), union(present, archived));

export const rowsFindings = (tables: readonly TableFound[]): readonly Finding[] => {
  const faults = (of: (table: TableFound) => readonly string[]): readonly string[] => tables.flatMap(of);
  return [
    verdict(
      'no-row-lost',
      'every row is in its table or in the archive',
      faults((t) => fault(t.table, lostRows(t), 'rows in neither table')),
    ),
    verdict(
      'no-younger-row-touched',
      'rows that were not due, or were made younger meanwhile, are where they were',
      faults((t) => fault(t.table, subtract(t.kept, t.present), 'rows gone that were not due')),
    ),
    verdict(
      'everything-due-gone',
      'no row that was due is left',
      faults((t) => fault(t.table, intersect(t.due, t.present), 'rows left that were due')),
    ),
    verdict(
      'archive-exact',
      'the archive has each row once, with its content',
      faults((t) => [
        ...fault(t.table, t.archived === null ? [] : subtract(t.archived, t.due), 'rows archived that were not due'),
        ...(t.duplicates === 0 ? [] : [`${t.table}: ${t.duplicates} rows twice in the archive`]),
        ...(t.altered === 0 ? [] : [`${t.table}: ${t.altered} rows with another content`]),
      ]),
    ),
  ];
};

const killedFinding = ({ missingWhenKilled, attempts }: MaintenanceRun): Finding => {
  const check = 'resumed';
  if (missingWhenKilled === null) return unknown(check, 'the task had ended before it could be killed');
  if (missingWhenKilled > 0) return fail(check, `${missingWhenKilled} rows were in neither table when the run had been killed`);
  if (attempts < 2) return unknown(check, 'the task was killed and no second pod was seen');
  return pass(check, `killed at work with every row in one of the tables; ended by pod ${attempts}`);
};

export const requestsFinding = (history: History): Finding => {
  const failed = history.writes.filter((w) => w.outcome !== 'acked');
  const reads = history.reads.filter((r) => r.ok === false);
  const detail = `${history.writes.length} writes and ${history.reads.length} reads, ${failed.length + reads.length} failed`;
  return failed.length + reads.length === 0
    ? pass('no-failed-request', detail)
    : fail('no-failed-request', `${detail}: ${failed[0]?.error ?? reads[0]?.error ?? ''}`);
};

const tasksFinding = ({ failedTasks, vacuumedTables }: MaintenanceRun): Finding => {
  if (failedTasks.length > 0) return fail('tasks', failedTasks.join('; '));
  return vacuumedTables > 0 ? pass('tasks', `all tasks ended well; ${vacuumedTables} tables vacuumed`) : fail('tasks', 'no table was vacuumed');
};

export const judgeMaintenance = (history: History, run: MaintenanceRun): Pick<ProcedureOutcome, 'measured' | 'findings'> => {
  const window = windowOf(history);
  const lost = run.tables.reduce((sum, table) => sum + count(lostRows(table)), 0);
  // Nothing is done to the members: who is writable is not sampled.
  const nothing = { writablePrimaries: null, falseFailovers: 0, healthyAgainSeconds: null };
  if (typeof window === 'string')
    return { measured: { gapSeconds: null, ackedLost: null, readThenLost: null, ...nothing }, findings: [unknown('window', window)] };
  const rows = missingRows(history, window.from);
  const gaps = longestGaps(history, window, run.expectation.clients);
  return {
    measured: { gapSeconds: gaps[0]?.seconds ?? null, ackedLost: lost + total(rows.ackedLost), readThenLost: total(rows.readThenLost), ...nothing },
    findings: [
      tasksFinding(run),
      ...rowsFindings(run.tables),
      killedFinding(run),
      requestsFinding(history),
      ...rowFindings(rows, run.expectation),
      ...gapFindings(gaps, run.expectation),
      servedAtEndFinding(openGaps(history, window, run.expectation.clients)),
    ],
  };
};
