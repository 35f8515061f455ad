import type { ReportRun, ReportSummary } from './report-types';
import { worst } from './verdict';

/** The value at or below which `share` (0..1) of the values lie, nearest rank: always one that was measured. Null: no values. */
export const percentile = (values: readonly number[], share: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
};

/** A loss seen is a loss, whatever the other runs can't tell; without one, a run that can't tell makes the sum unknown. */
const sum = (counts: readonly (number | null)[]): number | null => {
  const known = counts.reduce<number>((total, n) => total + (n ?? 0), 0);
  return known === 0 && (counts.includes(null) || counts.length === 0) ? null : known;
};

export const summarize = (runs: readonly ReportRun[]): ReportSummary => {
  const gaps = runs.map((r) => r.gapSeconds).filter((g): g is number => g !== null);
  return {
    runs: runs.length,
    p50: percentile(gaps, 0.5),
    p99: percentile(gaps, 0.99),
    max: percentile(gaps, 1),
    ackedLost: sum(runs.map((r) => r.ackedLost)),
    readThenLost: sum(runs.map((r) => r.readThenLost)),
    verdict: worst(runs.map((r) => r.verdict)),
  };
};
