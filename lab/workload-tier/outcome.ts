/** From what a run saw to what its report says. */
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { judgeWorkloads, type WorkloadExpectation } from '../../lib/drill/workloads/judge';
import type { WorkloadRun } from './stage';

type Particular = Partial<Pick<WorkloadExpectation, 'streams' | 'withoutRetries' | 'releases'>> & {
  /** What this drill looked at besides. */
  readonly findings?: readonly Finding[];
  readonly extra?: Readonly<Record<string, unknown>>;
};

export const judged = ({ stage, history, logs }: WorkloadRun, particular: Particular = {}): ProcedureOutcome => {
  const { context, release } = stage;
  const { findings = [], extra = {}, ...expected } = particular;
  const { objective, healthyDeadlineSeconds } = context.drill;
  const outcome = judgeWorkloads(history, {
    objective: { rtoSeconds: objective.rto, rpoSeconds: objective.rpo },
    budgetUpperSeconds: context.budgetUpperSeconds,
    healthyDeadlineSeconds,
    withoutRetries: false,
    releases: { allowed: [release], atEnd: release },
    ...expected,
  });
  return { ...outcome, findings: [...outcome.findings, ...findings], extra: { ...outcome.extra, ...extra }, logs };
};

/** A time that was waited for, against what it may take. */
export const within = (check: string, took: number | null, allowed: number, what: string): Finding => {
  if (took === null) return fail(check, `${what}: not within ${allowed.toFixed(0)} s`);
  return (took <= allowed ? pass : fail)(check, `${what} after ${took.toFixed(1)} s of ${allowed.toFixed(1)} s`);
};
