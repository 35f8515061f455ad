/** Three verdicts, and the worst wins: a run that can't be judged is never a pass. */
export const VERDICTS = ['pass', 'unknown', 'fail'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one check found. Every check that was made is kept, also when it passed. */
export interface Finding {
  /** Name of the check, kebab-case. */
  readonly check: string;
  readonly verdict: Verdict;
  /** One sentence: what was measured against what is allowed, or why it can't be told. */
  readonly detail: string;
}

/** `unknown` when there is nothing to judge by. */
export const worst = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce<Verdict>((a, b) => (VERDICTS.indexOf(b) > VERDICTS.indexOf(a) ? b : a), verdicts.length === 0 ? 'unknown' : 'pass');

export const pass = (check: string, detail: string): Finding => ({ check, verdict: 'pass', detail });
export const unknown = (check: string, detail: string): Finding => ({ check, verdict: 'unknown', detail });
export const fail = (check: string, detail: string): Finding => ({ check, verdict: 'fail', detail });
