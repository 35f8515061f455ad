import type { MissingRows } from './checkers';
import type { Expectation } from './expectation';
import { lostCount, type Judgement, type Measurements } from './judge';
import { REPORT_SCHEMA, type DrillReport, type ReportLog, type ReportRows, type ReportRun } from './report-types';
import { summarize } from './report-summary';

/** Clocks are no finer than a millisecond. Never -0, which JSON does not know. */
export const toMilliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000 + 0;

/** Rounds every number of a plain value to three decimals. */
export const rounded = <T>(value: T): T => {
  if (typeof value === 'number') return toMilliseconds(value) as typeof value;
  if (Array.isArray(value)) return value.map(rounded) as typeof value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]: [string, unknown]) => [k, rounded(v)])) as T;
};

export interface RunInput {
  readonly seed: number;
  readonly judgement: Judgement;
  readonly expectation: Expectation;
  readonly timeline?: string;
  readonly logs?: readonly ReportLog[];
  /** Anything else worth a sentence: why a probe was silent, what the machine did meanwhile. */
  readonly notes?: readonly string[];
}

const rowsOf = (rows: readonly MissingRows[]): readonly ReportRows[] => rows.map(({ client, count, ids }) => ({ client, count, ids }));
const leastMargin = (m: Measurements): number | null => (m.margins.length === 0 ? null : Math.min(...m.margins.map((margin) => margin.seconds)));

export const NOTHING_MEASURED = {
  gapSeconds: null,
  ackedLost: null,
  readThenLost: null,
  writablePrimaries: null,
  falseFailovers: null,
  healthyAgainSeconds: null,
  stages: { faultAt: 0, detected: null, lockTaken: null, promoted: null, routed: null, firstAck: null },
} as const;

const figures = (m: Measurements) => ({
  gapSeconds: m.gaps[0]?.seconds ?? null,
  ackedLost: lostCount(m.rows, 'ackedLost'),
  readThenLost: lostCount(m.rows, 'readThenLost'),
  writablePrimaries: m.writable?.nodes.length ?? null,
  falseFailovers: m.falseFailovers,
  healthyAgainSeconds: m.health.seconds,
  stages: m.stages,
  gaps: m.gaps.map(({ client, seconds, open }) => ({ client, seconds, open })),
  rpoSeconds: m.rows.rpoSeconds,
  lost: rowsOf(m.rows.ackedLost),
  readLost: rowsOf(m.rows.readThenLost),
  acknowledgedTwice: m.doubleAcknowledgements.length,
  localCommitMarginSeconds: leastMargin(m),
  clientErrors: m.errors.reduce((sum, e) => sum + e.errors, 0),
  errorsBeyondOneRetry: m.errors.reduce((sum, e) => sum + e.beyondOneRetry, 0),
  sampling: m.sampling,
});

/** What kept the run from passing, who was excluded, which silences were expected, and what the runner adds. */
const notesOf = ({ judgement, expectation, notes = [] }: RunInput): readonly string[] => [
  ...judgement.findings.filter((f) => f.verdict !== 'pass').map((f) => `${f.verdict}: ${f.check}: ${f.detail}`),
  ...expectation.excluded.map((e) => `client ${e.client} has no say in the gap: ${e.because}`),
  ...(expectation.expectedSilences ?? []).map((s) => `${s.probe} may be silent for ${toMilliseconds(s.to - s.from)} s: ${s.because}`),
  ...notes,
];

/** One run of the report, figures rounded to milliseconds. */
export const buildRun = (input: RunInput): ReportRun => ({
  seed: input.seed,
  verdict: input.judgement.verdict,
  ...rounded(input.judgement.measured ? figures(input.judgement.measured) : NOTHING_MEASURED),
  notes: notesOf(input),
  checks: input.judgement.findings,
  excludedClients: input.expectation.excluded,
  ...(input.timeline === undefined ? {} : { timeline: input.timeline }),
  ...(input.logs === undefined ? {} : { logs: input.logs }),
});

export type ReportInput = Omit<DrillReport, 'schema' | 'summary'>;

/** The report of all runs, with its summary. */
export const buildReport = (input: ReportInput): DrillReport => {
  const { runs, budget, objective, ...head } = input;
  // Budgets of the model carry more than the contract names (settings, losses); the report keeps the contract.
  const stages = budget.stages.map(({ name, lower, upper, source }) => ({ name, lower, upper, source }));
  return {
    schema: REPORT_SCHEMA,
    ...head,
    objective: { rtoSeconds: objective.rtoSeconds, rpoSeconds: objective.rpoSeconds },
    budget: rounded({ lowerSeconds: budget.lowerSeconds, upperSeconds: budget.upperSeconds, stages }),
    runs,
    summary: summarize(runs),
  };
};

/** A run in which nothing could be measured, with the reason. */
export const unmeasuredRun = (seed: number, because: string): ReportRun => ({ seed, verdict: 'unknown', ...NOTHING_MEASURED, notes: [because] });
