/** The budget: how long each scenario may stop writes, as a sum of what is configured. Nothing here is measured at run time. */
import { homeRegion } from '../derive';
import { isDatabaseScenario, type ProcedureScenario, type Scenario } from '../scenarios';
import type { Environment, Objective } from '../types';
import { BACKUP_LOSSES, BACKUP_STAGES } from './backups';
import { CACHE_LOSSES, CACHE_STAGES } from './cache';
import { DATABASE_STAGES } from './database';
import { FAILOVER_LOSSES, FAILOVER_STAGES } from './failover';
import type { FamilyLosses, FamilyStages, LossBound } from './family';
import { OPERATION_STAGES } from './operations';
import { REGION_LOSSES, REGION_STAGES } from './regions';
import { SECRET_STAGES } from './secrets';
import type { Stage } from './stages';
import { EDGE_STAGES } from './edge';
import { CERTIFICATE_STAGES } from './certificates';
import { WORKLOAD_STAGES } from './workloads';

export { CONSTANTS, NODE_FREEZE_SECONDS, WITHOUT_STANDBYS_SECONDS } from './constants';
export type { FamilyLosses, FamilyStages, LossBound } from './family';
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

/** Milliseconds are as fine as any figure here; without rounding, 0.1 + 0.2 would show. */
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

export const lossBound = (environment: Environment): LossBound =>
  homeRegion(environment).postgres.synchronousMode === 'strict'
    ? { seconds: 0, because: 'a commit is acknowledged once a standby in another AZ has it on disk, and only that standby may be promoted' }
    : { seconds: null, because: 'commits don’t wait for a standby: the replication lag at that moment is lost' };

const PROCEDURE_STAGES: FamilyStages<ProcedureScenario> = {
  ...CACHE_STAGES,
  ...REGION_STAGES,
  ...FAILOVER_STAGES,
  ...SECRET_STAGES,
  ...BACKUP_STAGES,
  ...OPERATION_STAGES,
  ...WORKLOAD_STAGES,
  ...EDGE_STAGES,
  ...CERTIFICATE_STAGES,
};
/** Scenarios that are not listed lose what the home region's database may lose. */
const LOSSES: FamilyLosses<string> = { ...CACHE_LOSSES, ...REGION_LOSSES, ...FAILOVER_LOSSES, ...BACKUP_LOSSES };

const stagesFor = (environment: Environment, scenario: Scenario): readonly Stage[] => {
  if (isDatabaseScenario(scenario)) return DATABASE_STAGES[scenario](homeRegion(environment));
  return PROCEDURE_STAGES[scenario](environment);
};

const lossFor = (environment: Environment, scenario: Scenario): LossBound =>
  (isDatabaseScenario(scenario) ? undefined : LOSSES[scenario]?.(environment)) ?? lossBound(environment);

/**
 * The budget of one scenario in the environment's home region.
 * @throws Error when the environment has no home region (a rule refuses it)
 */
export const budgetFor = (environment: Environment, scenario: Scenario): Budget => {
  const stages = stagesFor(environment, scenario).map((stage) => ({ ...stage, lower: round(stage.lower), upper: round(stage.upper) }));
  return {
    scenario,
    stages,
    lowerSeconds: round(stages.reduce((total, stage) => total + stage.lower, 0)),
    upperSeconds: round(stages.reduce((total, stage) => total + stage.upper, 0)),
    objective: environment.objectives[scenario],
    loss: lossFor(environment, scenario),
  };
};
