/** `[from, to]` in seconds, `from <= to`. */
export type Interval = readonly [from: number, to: number];

/** Sorted and joined where they overlap or touch. */
export const joined = (intervals: Iterable<Interval>): readonly Interval[] => {
  const result: [number, number][] = [];
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0])) {
    const last = result[result.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
};

/** The parts of `[from, to]` that no interval covers. */
export const uncovered = (intervals: Iterable<Interval>, [from, to]: Interval): readonly Interval[] => {
  const holes: Interval[] = [];
  let reached = from;
  for (const [start, end] of joined(intervals)) {
    if (start > to) break;
    if (start > reached) holes.push([reached, start]);
    reached = Math.max(reached, end);
  }
  if (reached < to) holes.push([reached, to]);
  return holes;
};

export const lengthOf = ([from, to]: Interval): number => to - from;

/** The longest of the intervals, or null when there is none. */
export const longest = (intervals: readonly Interval[]): Interval | null =>
  intervals.reduce<Interval | null>((a, b) => (a === null || lengthOf(b) > lengthOf(a) ? b : a), null);

export const overlaps = (a: Interval, b: Interval): boolean => a[0] < b[1] && b[0] < a[1];
