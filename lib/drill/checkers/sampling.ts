import { elementAt } from '../element';
import type { History } from '../events';
import { SAMPLING_LIMITS, servedClients, type Expectation, type SamplingLimits } from '../expectation';
import { lengthOf, longest, uncovered, type Interval } from './intervals';

/** How closely one probe watched. */
export interface ProbeHealth {
  /** `write:<client>`, `read`, `local-commit:<node>`, `leader`, `role`. */
  readonly probe: string;
  readonly samples: number;
  /** Longest silence in seconds: no sample and no answer awaited. */
  readonly maxSilenceSeconds: number;
  /** Median time between the starts of two samples, seconds; null with fewer than two. */
  readonly medianIntervalSeconds: number | null;
  readonly limitSeconds: number;
  readonly medianLimitSeconds: number | null;
}

interface Probe {
  readonly name: string;
  readonly samples: readonly Interval[];
  readonly limit: number;
  readonly medianLimit: number | null;
}

const median = (values: readonly number[]): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
};

const intervalsBetweenStarts = (samples: readonly Interval[]): readonly number[] => {
  const starts = samples.map(([start]) => start).sort((a, b) => a - b);
  return starts.slice(1).map((start, i) => start - elementAt(starts, i));
};

const measured = ({ start, t }: { readonly start: number; readonly t: number }): Interval => [start, t];
const instant = ({ t }: { readonly t: number }): Interval => [t, t];

const probesOf = (history: History, expectation: Expectation, limits: SamplingLimits): readonly Probe[] => [
  ...servedClients(expectation).map((client) => ({
    name: `write:${client}`,
    samples: history.writes.filter((w) => w.client === client).map(measured),
    limit: limits.write,
    medianLimit: null,
  })),
  { name: 'read', samples: history.reads.map(measured), limit: limits.read, medianLimit: null },
  ...expectation.members.map((node) => ({
    name: `local-commit:${node}`,
    samples: history.localCommits.filter((c) => c.node === node).map(measured),
    limit: limits.localCommit,
    medianLimit: limits.localCommitMedian,
  })),
  {
    name: 'leader',
    samples: [...history.leaders, ...history.heartbeats.filter((h) => h.probe === 'leader')].map(instant),
    limit: limits.leader,
    medianLimit: null,
  },
  { name: 'role', samples: [...history.roles, ...history.heartbeats.filter((h) => h.probe === 'role')].map(instant), limit: limits.role, medianLimit: null },
];

/** How well every probe watched during `[from, to]`. Probes that never sampled are silent all along. */
export const samplingHealth = (history: History, expectation: Expectation, from: number, to: number): readonly ProbeHealth[] =>
  probesOf(history, expectation, { ...SAMPLING_LIMITS, ...expectation.sampling }).map((probe) => {
    const inside = probe.samples.filter(([start, end]) => end >= from && start <= to);
    const explained = (expectation.expectedSilences ?? []).filter((s) => s.probe === probe.name).map((s): Interval => [s.from, s.to]);
    const silence = longest(uncovered([...inside, ...explained], [from, to]));
    return {
      probe: probe.name,
      samples: inside.length,
      maxSilenceSeconds: silence ? lengthOf(silence) : 0,
      medianIntervalSeconds: median(intervalsBetweenStarts(inside)),
      limitSeconds: probe.limit,
      medianLimitSeconds: probe.medianLimit,
    };
  });

/** Why the probe can't be relied on, or null. */
export const samplingComplaint = (health: ProbeHealth): string | null => {
  if (health.samples === 0) return `${health.probe} took no sample`;
  if (health.maxSilenceSeconds > health.limitSeconds) {
    return `${health.probe} was silent for ${health.maxSilenceSeconds.toFixed(2)} s (allowed: ${health.limitSeconds} s)`;
  }
  const { medianIntervalSeconds: median, medianLimitSeconds: limit } = health;
  // Timers fire late, never early: a planned interval of exactly the limit must not fail on a fraction of a millisecond.
  if (median !== null && limit !== null && median > limit * 1.1)
    return `${health.probe} sampled every ${(median * 1000).toFixed(0)} ms (allowed: ${limit * 1000} ms)`;
  return null;
};
