/** A drill that is not a list of faults to inject into the database: what it gets, and what it owes. */
import type { ProcedureDrill } from '../../../lib/drill/catalog';
import type { ProcedureOutcome } from '../../../lib/drill/procedure-run';
import type { KubernetesApi } from '../../kubernetes/api';
import type { Credentials } from '../../secrets';
import type { LabSettings } from '../../settings';
import type { Progress } from '../../up';

export interface ProcedureContext {
  readonly lab: LabSettings;
  readonly api: KubernetesApi;
  readonly credentials: Credentials;
  readonly drill: ProcedureDrill;
  readonly budgetUpperSeconds: number;
  readonly seed: number;
  /** How large a table drills of backups make, MB. @default - as small as serves the drill */
  readonly megabytes?: number;
  /** Folder for what the run writes; exists. */
  readonly directory: string;
  readonly progress: Progress;
  /** How to start the dead man's timer (lab/faults/dead-man.ts). */
  readonly deadMan: readonly string[];
  /** Aborts when it fires: the procedure heals its faults, stops its meters and throws. */
  readonly signal: AbortSignal;
}

/** @throws NotSteadyError when the lab is not fit for the drill and nothing was injected */
export type Procedure = (context: ProcedureContext) => Promise<ProcedureOutcome>;
export type Procedures<S extends string> = Readonly<Record<S, Procedure>>;
