import type { Step } from '../faults';

/** What every drill says of itself. */
export interface DrillDescription {
  /** What happens, in half a sentence. */
  readonly title: string;
  /** What the system is expected to do about it, for docs and reports. */
  readonly scenario: string;
  /** Rows of the requirements. */
  readonly requirements: readonly string[];
  readonly planned: boolean;
}

/** A drill of the database: faults injected one after the other while clients write. */
export interface StepsDescription extends DrillDescription {
  readonly steps: readonly Step[];
  /** Clients that sit where the fault strikes can't be served by anybody and have no say in the gap; their acknowledged rows count all the same. */
  readonly excludes: 'nobody' | 'primary-node' | 'primary-zone';
  readonly leaderChanges: { readonly min: number; readonly max: number };
}
