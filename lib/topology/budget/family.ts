import type { Environment } from '../types';
import type { Stage } from './stages';

/** How much acknowledged work a scenario may lose. */
export interface LossBound {
  /** Seconds of acknowledged writes, or null: not bounded by the configuration. */
  readonly seconds: number | null;
  readonly because: string;
}

/** The budgets of one family: what each of its scenarios goes through, from what the environment configures. */
export type FamilyStages<S extends string> = Readonly<Record<S, (environment: Environment) => readonly Stage[]>>;
/** Where a scenario may lose something else than the home region's database does. */
export type FamilyLosses<S extends string> = Readonly<Partial<Record<S, (environment: Environment) => LossBound>>>;
