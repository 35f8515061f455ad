/** Whether a new release may serve users: decided from the answers that it gave to requests made for this. */
export interface Limits {
  readonly maxErrorPercent: number;
  readonly maxP99Seconds: number;
}

/** One request: what came back, and how long it took (seconds). Status 0: nothing came back. */
export interface Sample {
  readonly status: number;
  readonly seconds: number;
}

export type Verdict = { readonly kind: 'go on' } | { readonly kind: 'pass'; readonly because: string } | { readonly kind: 'fail'; readonly because: string };

/**
 * Fewer say too little about a share of them. Twice as many are planned: of 120, with one failure allowed (1 %), a release that fails every tenth request passes
 * once in 20,000 times; of 40, with none allowed, it passed once in 70, and did so in the lab.
 */
export const LEAST_SAMPLES = 60;

/** 429: a limit stood before the release, of which nothing was seen. */
const saysNothing = ({ status }: Sample): boolean => status === 429;
const failed = ({ status }: Sample): boolean => status === 0 || status >= 500;

/** The value that `percent` of the samples don't exceed (nearest rank); undefined without samples. */
export const percentile = (values: readonly number[], percent: number): number | undefined => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
};

/** So many of `planned` may be bad before the share of `percent` is exceeded whatever else comes. */
const tolerated = (planned: number, percent: number): number => Math.floor((planned * percent) / 100);

/**
 * Fails as soon as nothing that may still come could save it, and passes only when the time is over: a release that leaks or slows down needs it.
 * @param planned so many requests will have been made at the end
 */
export const judge = (made: readonly Sample[], { maxErrorPercent, maxP99Seconds }: Limits, planned: number, over: boolean): Verdict => {
  const samples = made.filter((sample) => !saysNothing(sample));
  const whole = over ? samples.length : Math.max(planned, samples.length);
  const errors = samples.filter(failed);
  const slow = samples.filter(({ seconds }) => seconds > maxP99Seconds);
  if (errors.length > tolerated(whole, maxErrorPercent)) {
    const statuses = [...new Set(errors.map(({ status }) => (status === 0 ? 'no answer' : String(status))))].sort();
    return fail(`${errors.length} of ${samples.length} requests failed (${statuses.join(', ')}); allowed: ${maxErrorPercent} %`);
  }
  if (slow.length > tolerated(whole, 1)) {
    return fail(`${slow.length} of ${samples.length} requests took more than ${maxP99Seconds} s; allowed: 1 %`);
  }
  if (!over) return { kind: 'go on' };
  if (samples.length < LEAST_SAMPLES)
    return fail(
      `only ${samples.length} requests were answered by the release (${made.length - samples.length} by a limit); ${LEAST_SAMPLES} are needed for a verdict`,
    );
  const p99 = percentile(
    samples.map(({ seconds }) => seconds),
    99,
  );
  return { kind: 'pass', because: `${samples.length} requests, ${errors.length} failed, p99 ${((p99 ?? 0) * 1000).toFixed(0)} ms` };
};

const fail = (because: string): Verdict => ({ kind: 'fail', because });
