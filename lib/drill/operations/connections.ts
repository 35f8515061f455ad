/** Judges exhausted connections: a pure function of what the clients saw, and of whom the command ended. */
import { longestGaps, missingRows, openGaps, total } from '../checkers';
import type { History } from '../events';
import { windowOf, type Expectation } from '../expectation';
import { gapFindings, rowFindings, servedAtEndFinding } from '../findings';
import type { ProcedureOutcome } from '../procedure-run';
import { fail, pass, unknown, type Finding } from '../verdict';

export interface ExhaustedRun {
  readonly expectation: Expectation;
  /** Sessions that hold a transaction and do nothing. */
  readonly holders: readonly number[];
  /** Whom the command said that it ended. */
  readonly ended: readonly number[];
  /** Sessions that were at work for a short time only, and must not be touched. */
  readonly healthy: { readonly before: number; readonly lost: number };
  /** `holdfast connections list` raised the alarm while the pools were full. */
  readonly alarmed: boolean;
  /** Clients that waited for a connection then. */
  readonly waiting: number;
  readonly commandSeconds: number;
}

const exactFinding = ({ holders, ended }: ExhaustedRun): Finding => {
  const check = 'ended-exactly-the-long';
  const [missed, wrong] = [holders.filter((pid) => !ended.includes(pid)), ended.filter((pid) => !holders.includes(pid))];
  if (holders.length === 0) return unknown(check, 'nobody held a connection');
  if (missed.length === 0 && wrong.length === 0) return pass(check, `all ${holders.length} sessions that idled in a transaction were ended, and no other`);
  return fail(check, `${missed.length} of ${holders.length} were left, ${wrong.length} others were ended`);
};

const alarmFinding = ({ alarmed, waiting }: ExhaustedRun): Finding => {
  if (waiting === 0) return unknown('noticed', 'no client waited: the pools were not exhausted');
  return alarmed
    ? pass('noticed', `the pools were shown as full with ${waiting} clients waiting`)
    : fail('noticed', `${waiting} clients waited, and no alarm was shown`);
};

const healthyFinding = ({ healthy }: ExhaustedRun): Finding =>
  healthy.lost === 0
    ? pass('healthy-sessions-live', `none of ${healthy.before} other sessions was ended`)
    : fail('healthy-sessions-live', `${healthy.lost} of ${healthy.before} other sessions were ended`);

export const judgeExhausted = (history: History, run: ExhaustedRun): Pick<ProcedureOutcome, 'measured' | 'findings'> => {
  const window = windowOf(history);
  // Nothing is done to the members: who is writable is not sampled.
  const unmeasured = { writablePrimaries: null, falseFailovers: 0, healthyAgainSeconds: null };
  if (typeof window === 'string')
    return { measured: { gapSeconds: null, ackedLost: null, readThenLost: null, ...unmeasured }, findings: [unknown('window', window)] };
  const gaps = longestGaps(history, window, run.expectation.clients);
  const rows = missingRows(history, window.from);
  return {
    measured: { ...unmeasured, gapSeconds: gaps[0]?.seconds ?? null, ackedLost: total(rows.ackedLost), readThenLost: total(rows.readThenLost) },
    findings: [
      alarmFinding(run),
      exactFinding(run),
      healthyFinding(run),
      ...gapFindings(gaps, run.expectation),
      servedAtEndFinding(openGaps(history, window, run.expectation.clients)),
      ...rowFindings(rows, run.expectation),
    ],
  };
};
