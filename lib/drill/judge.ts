import {
  clientErrors,
  doubleAcknowledgements,
  handoverMargins,
  healthyAgain,
  leaderChanges,
  longestGaps,
  missingRows,
  openGaps,
  samplingHealth,
  stagesOf,
  total,
  writableAtOnce,
  type ClientErrors,
  type DoubleAcknowledgement,
  type HandoverMargin,
  type HealthResult,
  type ProbeHealth,
  type RowsResult,
  type Stages,
  type WritableNodes,
  type WriteGap,
} from './checkers';
import { firstMark, lastMark, type History } from './events';
import { servedClients, windowOf, type Expectation, type Window } from './expectation';
import {
  acknowledgedFinding,
  errorFinding,
  gapFindings,
  healthFinding,
  integrityFinding,
  leaderFinding,
  marginFinding,
  rowFindings,
  samplingFinding,
  servedAtEndFinding,
  steadyFinding,
  writableFinding,
} from './findings';
import { unknown, worst, type Finding, type Verdict } from './verdict';

/** What the checkers measured in one run, before anything is compared with what is allowed. Times in seconds. */
export interface Measurements {
  readonly window: Window;
  /** The longest gap of each client that had to be served, the longest first. */
  readonly gaps: readonly WriteGap[];
  /** Of each client the gap that is still open at the end. */
  readonly openGaps: readonly WriteGap[];
  readonly rows: RowsResult;
  readonly writable: WritableNodes | null;
  readonly doubleAcknowledgements: readonly DoubleAcknowledgement[];
  readonly margins: readonly HandoverMargin[];
  /** Leader changes between the fault (of planned work too) and the end. */
  readonly leaderChanges: number;
  readonly falseFailovers: number;
  readonly health: HealthResult;
  readonly errors: readonly ClientErrors[];
  readonly sampling: readonly ProbeHealth[];
  readonly stages: Stages;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Null: there was no window to measure in. */
  readonly measured: Measurements | null;
}

/** From when the members' recovery is counted: when the fault is undone, or when it strikes if nothing needs undoing. */
const faultEnd = (history: History, window: Window): number => Math.max(window.from, lastMark(history, 'healedAt') ?? window.from);

export const measure = (history: History, window: Window, expectation: Expectation): Measurements => {
  const served = servedClients(expectation);
  const gaps = longestGaps(history, window, served);
  const steady = firstMark(history, 'steady') ?? window.from;
  const changes = leaderChanges(history, window.from, Infinity).length;
  const early = leaderChanges(history, Math.min(steady, window.from), window.from).length;
  return {
    window,
    gaps,
    openGaps: openGaps(history, window, served),
    rows: missingRows(history, window.from),
    writable: writableAtOnce(history, expectation.members),
    doubleAcknowledgements: doubleAcknowledgements(history),
    margins: handoverMargins(history, window.from, Infinity),
    leaderChanges: changes,
    falseFailovers: early + Math.max(0, changes - expectation.leaderChanges.max),
    health: healthyAgain(history, expectation.members, faultEnd(history, window)),
    errors: served.map((client) => clientErrors(history, client, window.from, window.to)),
    sampling: samplingHealth(history, expectation, Math.min(steady, window.from), window.to),
    stages: stagesOf(history, window.from, gaps[0] ?? null),
  };
};

const findingsOf = (history: History, m: Measurements, expectation: Expectation): readonly Finding[] => [
  steadyFinding(history, m.window, expectation),
  ...gapFindings(m.gaps, expectation),
  servedAtEndFinding(m.openGaps),
  ...rowFindings(m.rows, expectation),
  writableFinding(m.writable),
  acknowledgedFinding(history, m.doubleAcknowledgements),
  marginFinding(m.margins, m.leaderChanges),
  leaderFinding(m.leaderChanges, expectation),
  healthFinding(m.health, faultEnd(history, m.window), m.window, expectation),
  errorFinding(m.errors, expectation),
  integrityFinding(history),
  samplingFinding(m.sampling),
];

/** Judges one run. The worst finding wins: one check that can't be made keeps the run from passing, one that fails makes it fail. */
export const judge = (history: History, expectation: Expectation): Judgement => {
  const window = windowOf(history);
  if (typeof window === 'string') return { verdict: 'unknown', findings: [unknown('window', window)], measured: null };
  const measured = measure(history, window, expectation);
  const findings = findingsOf(history, measured, expectation);
  return { verdict: worst(findings.map((f) => f.verdict)), findings, measured };
};

/** The rows lost in all, null where the final rows of some client were not read. */
export const lostCount = (rows: RowsResult, which: 'ackedLost' | 'readThenLost'): number | null => {
  const lost = total(rows[which]);
  return lost === 0 && rows.unreadClients.length > 0 ? null : lost;
};
