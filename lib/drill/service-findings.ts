/** What clients of a service saw, in findings: how long they were not served, and when everything was healthy again. */
import { fail, pass, unknown, type Finding } from './verdict';

/** The longest time for which somebody was not served. */
interface Gap {
  readonly seconds: number;
  /** It had not ended when the run did. */
  readonly open: boolean;
}

interface Allowed {
  readonly objective: { readonly rtoSeconds: number };
  readonly budgetUpperSeconds: number;
}

export const secondsText = (n: number): string => `${n.toFixed(2)} s`;

/** @param where whose gap it is; not asked without one */
export const gapFinding = <G extends Gap>(gap: G | undefined, where: (gap: G) => string, { objective, budgetUpperSeconds }: Allowed): Finding => {
  if (gap === undefined) return unknown('gap', 'no client could be served');
  const detail = `${secondsText(gap.seconds)} (${where(gap)})`;
  if (gap.open) return fail('gap', `${detail}: not served any more until the end`);
  if (gap.seconds > objective.rtoSeconds) return fail('gap', `${detail}; the objective is ${objective.rtoSeconds} s`);
  return gap.seconds > budgetUpperSeconds
    ? fail('gap', `${detail}; the budget allows ${budgetUpperSeconds} s`)
    : pass('gap', `${detail} of ${budgetUpperSeconds} s`);
};

/** @param healthyAgain seconds after the fault; null: not within the deadline */
export const healthFinding = (healthyAgain: number | null, deadline: number): Finding =>
  healthyAgain === null
    ? fail('healthy-again', `not within ${deadline} s after the fault`)
    : healthyAgain > deadline
      ? fail('healthy-again', `after ${secondsText(healthyAgain)}; allowed are ${deadline} s`)
      : pass('healthy-again', `after ${secondsText(healthyAgain)}`);
