/** The budget: how long each scenario may stop writes, as a sum of what is configured. Nothing here is measured at run time. */
import { homeRegion } from '../derive';
import type { Environment, Objective, Scenario } from '../types';
import { SCENARIO_STAGES } from './scenarios';
import type { Stage } from './stages';

export { CONSTANTS, NODE_FREEZE_SECONDS, WITHOUT_STANDBYS_SECONDS } from './constants';
export type { Stage } from './stages';

export interface Budget {
  readonly scenario: Scenario;
  /** In the order in which they happen. */
  readonly stages: readonly Stage[];
  /** Sum of the stages' lower bounds, seconds. */
  readonly lowerSeconds: number;
  /** Sum of the stages' upper bounds, seconds: what the configuration allows. */
  readonly upperSeconds: number;
  readonly objective: Objective;
  readonly loss: LossBound;
}

/** How much acknowledged work a scenario may lose. */
export interface LossBound {
  /** Seconds of acknowledged writes, or null: not bounded by the configuration. */
  readonly seconds: number | null;
  readonly because: string;
}

/** Milliseconds are as fine as any figure here; without rounding, 0.1 + 0.2 would show. */
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

export const lossBound = (environment: Environment): LossBound =>
  homeRegion(environment).postgres.synchronousMode === 'strict'
    ? { seconds: 0, because: 'a commit is acknowledged once a standby in another AZ has it on disk, and only that standby may be promoted' }
    : { seconds: null, because: 'commits don’t wait for a standby: the replication lag at that moment is lost' };

/**
 * The budget of one scenario in the environment's home region.
 * @throws Error when the environment has no home region (a rule refuses it)
 */
export const budgetFor = (environment: Environment, scenario: Scenario): Budget => {
  const stages = SCENARIO_STAGES[scenario](homeRegion(environment)).map((stage) => ({ ...stage, lower: round(stage.lower), upper: round(stage.upper) }));
  return {
    scenario,
    stages,
    lowerSeconds: round(stages.reduce((total, stage) => total + stage.lower, 0)),
    upperSeconds: round(stages.reduce((total, stage) => total + stage.upper, 0)),
    objective: environment.objectives[scenario],
    loss: lossBound(environment),
  };
};
