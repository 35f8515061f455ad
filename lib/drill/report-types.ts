/**
 * The report of a drill: one JSON object per file, a contract for schedules, alarms, runbooks and evidence. Its JSON schema is `docs/drill-report.schema.json`.
 * Fields may be added, never renamed. Figures that could not be measured are null, and their run is then never a `pass`.
 */
import type { WriteGap, Stages, ProbeHealth } from './checkers';
import type { ExcludedClient } from './expectation';
import type { IdSet } from './id-set';
import type { Finding, Verdict } from './verdict';

export const REPORT_SCHEMA = 'holdfast/drill-report/1';

export interface ReportObjective {
  readonly rtoSeconds: number;
  readonly rpoSeconds: number;
}

export interface ReportStage {
  readonly name: string;
  readonly lower: number;
  readonly upper: number;
  readonly source: string;
}

/** What the configuration allows, not what was measured. */
export interface ReportBudget {
  readonly lowerSeconds: number;
  readonly upperSeconds: number;
  readonly stages: readonly ReportStage[];
}

/** Rows of one client: how many, and which. */
export interface ReportRows {
  readonly client: string;
  readonly count: number;
  readonly ids: IdSet;
}

export type ReportGap = Pick<WriteGap, 'client' | 'seconds' | 'open'>;

/** A file kept with the report; `path` is relative to the report. */
export interface ReportLog {
  readonly name: string;
  readonly path: string;
}

export interface ReportRun {
  readonly seed: number;
  readonly verdict: Verdict;
  readonly gapSeconds: number | null;
  readonly ackedLost: number | null;
  readonly readThenLost: number | null;
  readonly writablePrimaries: number | null;
  readonly falseFailovers: number | null;
  /** Seconds from the fault's end until all members stream on one timeline for good. */
  readonly healthyAgainSeconds: number | null;
  readonly stages: Stages;
  readonly notes: readonly string[];

  /** Every check that was made. */
  readonly checks?: readonly Finding[];
  readonly gaps?: readonly ReportGap[];
  /** Seconds of acknowledged writes that were lost. */
  readonly rpoSeconds?: number | null;
  readonly lost?: readonly ReportRows[];
  readonly readLost?: readonly ReportRows[];
  /** How often two nodes acknowledged clients' writes in turn. */
  readonly acknowledgedTwice?: number | null;
  /** Seconds from the old primary's last local commit to the new one's first acknowledged write; the least, if there were several. */
  readonly localCommitMarginSeconds?: number | null;
  readonly clientErrors?: number | null;
  readonly errorsBeyondOneRetry?: number | null;
  readonly excludedClients?: readonly ExcludedClient[];
  readonly sampling?: readonly ProbeHealth[];
  /** File with the run's `RunTimeline`, relative to the report. */
  readonly timeline?: string;
  readonly logs?: readonly ReportLog[];
}

export interface ReportSummary {
  readonly runs: number;
  /** Of `gapSeconds` over the runs where it was measured, nearest rank; null: in none. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** Sums; null when a run could not tell (and none lost anything). */
  readonly ackedLost: number | null;
  readonly readThenLost: number | null;
  readonly verdict: Verdict;
}

export interface DrillReport {
  readonly schema: typeof REPORT_SCHEMA;
  readonly drill: string;
  /** What happens, in half a sentence. */
  readonly title?: string;
  readonly requirements: readonly string[];
  readonly environment: string;
  readonly mode: 'stock' | 'fenced' | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly command: string;
  readonly seed: number;
  readonly machine: { readonly cores: number; readonly memoryGiB: number; readonly kernel: string };
  readonly versions: Readonly<Record<string, string>>;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly configurationHash: string;
  readonly objective: ReportObjective;
  readonly budget: ReportBudget;
  readonly runs: readonly ReportRun[];
  readonly summary: ReportSummary;
}
