/** Many seeds, in figures. Parts of a range can be added up. */
import type { FailoverSettings } from '../settings';
import type { Mutation } from './mutations';
import { simulate, type SimulationResult } from './simulate';

export interface FoundViolation {
  readonly seed: number;
  readonly rule: string;
  readonly detail: string;
}

export interface SimulationSummary {
  readonly firstSeed: number;
  readonly seeds: number;
  /** Commits that were acknowledged, in all seeds. */
  readonly acknowledged: number;
  /** Of these: what a crash lost, because no other region had received it. */
  readonly lostByCrash: number;
  /** Seeds in which somebody was called. */
  readonly paged: number;
  /** How many runs of the workflows ended how. */
  readonly ends: Readonly<Record<string, number>>;
  readonly violations: readonly FoundViolation[];
  /** Of all traces: the same for the same seeds. */
  readonly digest: string;
}

const hex = (digest: number): string => (digest >>> 0).toString(16).padStart(8, '0');
const sums = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> => {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return Object.fromEntries(keys.map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]));
};

const nothing = (firstSeed: number): SimulationSummary => ({
  firstSeed,
  seeds: 0,
  acknowledged: 0,
  lostByCrash: 0,
  paged: 0,
  ends: {},
  violations: [],
  digest: hex(0),
});

const ofOne = (result: SimulationResult): SimulationSummary => ({
  firstSeed: result.seed,
  seeds: 1,
  acknowledged: result.acknowledged,
  lostByCrash: result.lost,
  paged: result.pages > 0 ? 1 : 0,
  ends: result.ends.map(({ direction, end }) => ({ [`${direction} ${end ?? 'without an end'}`]: 1 })).reduce<Record<string, number>>(sums, {}),
  violations: result.violations.map(({ rule, detail }) => ({ seed: result.seed, rule, detail })),
  digest: result.digest,
});

/** Does not depend on the order of its parts. */
export const added = (a: SimulationSummary, b: SimulationSummary): SimulationSummary => ({
  firstSeed: Math.min(a.firstSeed, b.firstSeed),
  seeds: a.seeds + b.seeds,
  acknowledged: a.acknowledged + b.acknowledged,
  lostByCrash: a.lostByCrash + b.lostByCrash,
  paged: a.paged + b.paged,
  ends: sums(a.ends, b.ends),
  violations: [...a.violations, ...b.violations].sort((x, y) => x.seed - y.seed),
  digest: hex(Number.parseInt(a.digest, 16) ^ Number.parseInt(b.digest, 16)),
});

export interface SimulationRange {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly without?: readonly Mutation[];
  /** Ends at the first violation. */
  readonly untilViolation?: boolean;
}

export const simulateMany = async (
  settings: FailoverSettings,
  { firstSeed, seeds, without = [], untilViolation = false }: SimulationRange,
): Promise<SimulationSummary> => {
  let all = nothing(firstSeed);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    all = added(all, ofOne(await simulate(settings, seed, { without })));
    // Signals, and whoever waits for this process, have their turn.
    await new Promise((done) => setImmediate(done));
    if (untilViolation && all.violations.length > 0) break;
  }
  return all;
};
