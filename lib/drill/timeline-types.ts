import type { Interval } from './checkers';

export const TIMELINE_SCHEMA = 'holdfast/drill-timeline/1';

export interface ClientTimeline {
  readonly client: string;
  /** Why nobody could serve it, or null. */
  readonly excluded: string | null;
  /** Acknowledged writes per bin. */
  readonly acked: readonly number[];
  /** Writes that ended otherwise, per bin. */
  readonly errors: readonly number[];
  readonly gap: { readonly from: number; readonly to: number; readonly open: boolean };
}

export interface NodeState {
  readonly from: number;
  readonly to: number;
  readonly state: string;
  readonly role: string | null;
  readonly timeline: number | null;
}

export interface NodeTimeline {
  readonly node: string;
  /** While it held the leader key. */
  readonly leads: readonly Interval[];
  /** While it certainly accepted local commits. */
  readonly writable: readonly Interval[];
  readonly states: readonly NodeState[];
}

/** What the picture of one run is drawn from, kept beside the report: seconds relative to the fault. */
export interface RunTimeline {
  readonly schema: typeof TIMELINE_SCHEMA;
  readonly from: number;
  readonly to: number;
  /** Bin `i` is `[from + i x binSeconds, from + (i + 1) x binSeconds)`. */
  readonly binSeconds: number;
  readonly clients: readonly ClientTimeline[];
  readonly nodes: readonly NodeTimeline[];
  readonly marks: readonly { readonly t: number; readonly name: string; readonly detail?: string }[];
}
