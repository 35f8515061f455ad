/** What a client saw of a drill. */
import { count, type IdSet } from '../../lib/drill/id-set';

/** What was written, and what became of it. */
export interface WriterResult {
  readonly acknowledged: number;
  /** Longest time between two acknowledged writes, or between the last one and the end, seconds. */
  readonly gapSeconds: number;
  /** It was still open at the end. */
  readonly open: boolean;
  readonly errors: number;
  /** Acknowledged and missing afterwards; null: nobody could look. */
  readonly lost: IdSet | null;
}

export const lostCount = ({ lost }: Pick<WriterResult, 'lost'>): number | null => (lost === null ? null : count(lost));
