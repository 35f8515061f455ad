/** How far a machine's clock is off, from what several servers say. Pure. */

/** What one server said, or why it said nothing. */
export type TimeSample =
  | { readonly source: string; readonly offsetSeconds: number; readonly delaySeconds: number; readonly error?: undefined }
  | { readonly source: string; readonly error: string };

/** `unknown`: too few agree for anybody to tell, which is not good. */
export type ClockVerdict =
  | { readonly kind: 'right' | 'off'; readonly offsetSeconds: number; readonly agreeing: readonly string[]; readonly wrong: readonly string[] }
  | { readonly kind: 'unknown'; readonly because: string };

const median = (values: readonly number[]): number => {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 === 1 ? (ordered[middle] ?? 0) : ((ordered[middle - 1] ?? 0) + (ordered[middle] ?? 0)) / 2;
};

/**
 * Positive: the clock is behind. Servers that differ from the median by more than `maxOffset` and their own delay are outvoted; a majority of all
 * that are configured must agree, so that neither one wrong server nor two that are away make an alarm, or hide one.
 */
export const judgeClock = (samples: readonly TimeSample[], maxOffset: number): ClockVerdict => {
  const answered = samples.filter((sample) => sample.error === undefined);
  const needed = (samples.length >> 1) + 1;
  if (answered.length < needed) return { kind: 'unknown', because: `${answered.length} of ${samples.length} sources answered, ${needed} must` };
  const middle = median(answered.map(({ offsetSeconds }) => offsetSeconds));
  const agrees = ({ offsetSeconds, delaySeconds }: (typeof answered)[number]): boolean => Math.abs(offsetSeconds - middle) <= maxOffset + delaySeconds / 2;
  const agreeing = answered.filter(agrees);
  if (agreeing.length < needed) return { kind: 'unknown', because: `${agreeing.length} of ${samples.length} sources agree with each other, ${needed} must` };
  const offsetSeconds = median(agreeing.map((sample) => sample.offsetSeconds));
  return {
    kind: Math.abs(offsetSeconds) > maxOffset ? 'off' : 'right',
    offsetSeconds,
    agreeing: agreeing.map(({ source }) => source),
    wrong: answered.filter((sample) => !agrees(sample)).map(({ source }) => source),
  };
};
