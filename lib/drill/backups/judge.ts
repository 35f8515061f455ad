/** Judges the drills of backups: pure, from what clients saw and what was found afterwards. */
import { longestGaps, missingRows, openGaps, total, type RowsResult } from '../checkers';
import { historyOf, type History, type HistoryEvent } from '../events';
import { windowOf, type Expectation } from '../expectation';
import { gapFindings, rowFindings, servedAtEndFinding, steadyFinding } from '../findings';
import type { ContractFigures, ProcedureOutcome } from '../procedure-run';
import { fail, pass, unknown, type Finding } from '../verdict';

/** The table that a bug deletes from. */
export interface Ledger {
  /** Rows that must be there in the end. */
  readonly expected: number;
  readonly found: number;
  /** Rows whose content is not what was written last. */
  readonly altered: number;
}

/** A bug in one transaction that is known. Seconds of the history's clock: it was committed between the two. */
export interface Bug {
  readonly sentAt: number;
  readonly doneAt: number;
}

export type Judged = Pick<ProcedureOutcome, 'measured' | 'findings' | 'stages'>;

export const ledgerFinding = ({ expected, found, altered }: Ledger): Finding =>
  (found === expected && altered === 0 ? pass : fail)('table-whole', `${found} of ${expected} rows of the table are there, ${altered} of them altered`);

export const commandFinding = (check: string, failure: string | null): Finding =>
  failure === null ? pass(check, 'the command ended well') : fail(check, failure);

/** The figures of the contract that follow from what clients saw. */
export const clientFigures = (
  gaps: readonly { readonly seconds: number }[],
  rows: RowsResult,
): Pick<ContractFigures, 'gapSeconds' | 'ackedLost' | 'readThenLost'> => ({
  gapSeconds: gaps[0]?.seconds ?? null,
  ackedLost: total(rows.ackedLost),
  readThenLost: total(rows.readThenLost),
});

/** What every drill beside a running database is judged by: nobody may notice it. */
export const judgeUndisturbed = (history: History, expectation: Expectation, timelines: { readonly before: number; readonly after: number }): Judged => {
  const window = windowOf(history);
  const falseFailovers = timelines.after - timelines.before;
  const unmeasured = { writablePrimaries: null, falseFailovers, healthyAgainSeconds: null };
  if (typeof window === 'string')
    return { measured: { gapSeconds: null, ackedLost: null, readThenLost: null, ...unmeasured }, findings: [unknown('window', window)] };
  const gaps = longestGaps(history, window, expectation.clients);
  const rows = missingRows(history, window.from);
  return {
    measured: { ...unmeasured, ...clientFigures(gaps, rows) },
    findings: [
      steadyFinding(history, window, expectation),
      ...gapFindings(gaps, expectation),
      servedAtEndFinding(openGaps(history, window, expectation.clients)),
      ...rowFindings(rows, expectation),
      (falseFailovers === 0 ? pass : fail)('no-failover', `timeline ${timelines.before} before, ${timelines.after} after`),
    ],
  };
};

export interface RestoreFacts {
  readonly history: History;
  readonly expectation: Expectation;
  readonly bug: Bug;
  /** The command was given. */
  readonly beganAt: number;
  /** No member of the old cluster was left; null: the restore did not come so far. */
  readonly stoppedAt: number | null;
  /** Nothing was to be complained of any more; null: not within the drill. */
  readonly healthyAt: number | null;
  readonly failure: string | null;
  readonly ledger: Ledger;
  /** Rows of the transactions just before and just after the bug, one each, in order of their commits. */
  readonly neighbours: { readonly before: boolean; readonly after: boolean };
  /** `restore confirm` afterwards; null: it ended well. */
  readonly confirmFailure: string | null;
}

/** What the restore has to keep: everything until the bug's commit was sent, and everything since the old cluster had stopped. */
const kept = ({ history, bug, stoppedAt }: RestoreFacts): History => {
  const since = stoppedAt ?? Infinity;
  const keeps = (event: HistoryEvent): boolean => (event.kind !== 'write' && event.kind !== 'read') || event.t <= bug.sentAt || event.start >= since;
  return historyOf(history.events.filter(keeps));
};

/** Acknowledged by the old cluster after the bug: a restore to the transaction before it must not have them. */
const beyond = ({ history, bug, stoppedAt }: RestoreFacts): History => {
  const acked = history.writes.filter((w) => w.start >= bug.doneAt && w.t <= (stoppedAt ?? Infinity) && w.outcome === 'acked');
  return historyOf([...acked, ...history.rows]);
};

const ackedIn = (history: History): number => history.writes.filter((w) => w.outcome === 'acked').length;

/** When the last of the clients had its first acknowledgement of the new cluster; null: one had none. */
export const writableAt = ({ history, stoppedAt, expectation }: RestoreFacts): number | null => {
  if (stoppedAt === null) return null;
  const firsts = expectation.clients.map((client) => history.writes.find((w) => w.client === client && w.outcome === 'acked' && w.start >= stoppedAt)?.t);
  return firsts.some((t) => t === undefined) ? null : Math.max(...firsts.map((t) => t ?? 0));
};

const exactFindings = (facts: RestoreFacts, given: RowsResult): readonly Finding[] => {
  const { neighbours } = facts;
  const later = ackedIn(beyond(facts));
  const survived = later - total(given.ackedLost);
  return [
    (neighbours.before ? pass : fail)('exact-before', `the row of the transaction just before the bug is ${neighbours.before ? '' : 'not '}there`),
    (neighbours.after ? fail : pass)('exact-after', `the row of the transaction just after the bug is ${neighbours.after ? '' : 'not '}there`),
    later === 0
      ? unknown('given-up', 'no client wrote between the bug and the restore')
      : (survived === 0 ? pass : fail)('given-up', `${later} writes acknowledged after the bug, ${survived} of them are there`),
  ];
};

const inTime = (check: string, what: string, seconds: number | null, limit: number): Finding =>
  seconds === null
    ? fail(check, `${what}: not within the drill; allowed ${limit} s`)
    : (seconds <= limit ? pass : fail)(check, `${what} ${seconds.toFixed(1)} s after the command; allowed ${limit} s`);

const since = (from: number, to: number | null): number | null => (to === null ? null : to - from);

export const judgeRestore = (facts: RestoreFacts): Judged & { readonly extra: Readonly<Record<string, number | null>> } => {
  const { history, expectation, beganAt } = facts;
  const window = windowOf(history);
  const unmeasured = { writablePrimaries: null, falseFailovers: null };
  if (typeof window === 'string')
    return {
      measured: { ...unmeasured, gapSeconds: null, ackedLost: null, readThenLost: null, healthyAgainSeconds: null },
      findings: [unknown('window', window)],
      extra: {},
    };
  const gaps = longestGaps(history, window, expectation.clients);
  const rows = missingRows(kept(facts), window.from);
  const given = missingRows(beyond(facts), window.from);
  const [writable, healthy] = [since(beganAt, writableAt(facts)), since(beganAt, facts.healthyAt)];
  return {
    measured: { ...unmeasured, ...clientFigures(gaps, rows), healthyAgainSeconds: healthy },
    findings: [
      steadyFinding(history, window, expectation),
      commandFinding('restored', facts.failure),
      ledgerFinding(facts.ledger),
      ...exactFindings(facts, given),
      ...rowFindings(rows, expectation),
      ...gapFindings(gaps, expectation),
      inTime('writable-again', 'every client was served', writable, expectation.objective.rtoSeconds),
      inTime('healthy-again', 'every member streams and nothing is to be complained of', healthy, expectation.healthyDeadlineSeconds),
      servedAtEndFinding(openGaps(history, window, expectation.clients)),
      commandFinding('confirmed', facts.confirmFailure),
    ],
    extra: { writableSeconds: writable, rowsGivenUp: total(given.ackedLost) },
  };
};
