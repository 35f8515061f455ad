import type { Environment } from '../../topology/types';
import type { DrillDescription } from './description';

/** A drill with a procedure of its own, which the lab carries out (lab/drill/procedures). */
export interface ProcedureDescription extends DrillDescription {
  /** What is done, step by step, for people. */
  readonly procedure: readonly string[];
  /** Everything is as it was before the drill: allowed seconds after the fault's end. */
  readonly healthyDeadlineSeconds: number;
  /** The longest time that the drill's faults can be in force, seconds. */
  readonly longestFaultSeconds: number;
}

export type ProcedureDescriptions<S extends string> = Readonly<Record<S, (environment: Environment) => ProcedureDescription>>;
