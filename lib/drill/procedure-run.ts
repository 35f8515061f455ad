/** One run of a drill that is a procedure of its own, in the terms of the report. */
import { NOTHING_MEASURED, rounded } from './report-builder';
import type { ReportLog, ReportRun } from './report-types';
import { worst, type Finding } from './verdict';

/** The figures that every report has. Null: could not be told; then a finding says why, and the run does not pass. */
export type ContractFigures = Pick<ReportRun, 'gapSeconds' | 'ackedLost' | 'readThenLost' | 'writablePrimaries' | 'falseFailovers' | 'healthyAgainSeconds'>;

export interface ProcedureOutcome {
  readonly measured: ContractFigures;
  /** Seconds after the fault. */
  readonly stages?: Partial<Omit<ReportRun['stages'], 'faultAt'>>;
  /** Every check that was made; the worst decides. */
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** What this drill measures besides; never a field of the contract. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly logs?: readonly ReportLog[];
}

/** @throws Error when `extra` would rename or overwrite a field of the contract */
export const buildProcedureRun = (seed: number, outcome: ProcedureOutcome): ReportRun & Readonly<Record<string, unknown>> => {
  const { measured, stages = {}, findings, notes, extra, logs } = outcome;
  const run: ReportRun = {
    seed,
    verdict: worst(findings.map((finding) => finding.verdict)),
    ...rounded(measured),
    stages: rounded({ ...NOTHING_MEASURED.stages, ...stages }),
    notes: [...findings.filter((f) => f.verdict !== 'pass').map((f) => `${f.verdict}: ${f.check}: ${f.detail}`), ...notes],
    checks: findings,
    ...(logs === undefined ? {} : { logs }),
  };
  const taken = Object.keys(extra).filter((field) => field in run);
  if (taken.length > 0) throw new Error(`these fields of the report are taken: ${taken.join(', ')}; give the drill's own figures other names`);
  return { ...run, ...rounded(extra) };
};
