/** What the functions of the drills need of the model, as plain data: it travels in an environment variable, which may have 4 kB. */
import { budgetFor } from '../../topology/budget';
import { homeRegion, POOLER_PORT, postgresName } from '../../topology/derive';
import { drillRunner } from '../../topology/drill-runners';
import { gatewayAddresses, REGION_STATUS_PORT, regionStatusAddresses } from '../../topology/regions';
import type { Scenario } from '../../topology/scenarios';
import type { Environment } from '../../topology/types';
import type { DrillScope } from './proof';

/** What a drill that a machine carries out is judged by. Seconds. */
export interface DrillTerms {
  readonly rto: number;
  readonly rpo: number;
  readonly lower: number;
  readonly upper: number;
}

export interface DrillSettings extends DrillScope {
  /** The home region, where faults are injected. */
  readonly region: string;
  readonly zones: readonly string[];
  /** Members are named `<this>-<number>`, and member n is in zone n modulo the number of zones. */
  readonly member: string;
  readonly doors: readonly string[];
  readonly doorPort: number;
  readonly poolers: readonly string[];
  readonly poolerPort: number;
  readonly database: string;
  readonly user: string;
  /** Of the drills that a machine carries out. */
  readonly terms: Readonly<Partial<Record<Scenario, DrillTerms>>>;
}

/** How long the writer writes before anything is broken, and altogether; a function lives for 15 minutes at most. Seconds. */
export const DRILL_TIMES = { steady: 60, fault: 300, after: 180 } as const;
export const METER_SECONDS = DRILL_TIMES.steady + DRILL_TIMES.fault + DRILL_TIMES.after;

export const drillTableName = ({ name }: Pick<Environment, 'name'>): string => `holdfast-${name}-drills`;
export const drillMachineName = ({ name }: Pick<Environment, 'name'>, part: 'run' | 'stop'): string => `holdfast-${name}-drill-${part}`;
/** The alarm on what the writer sees; it stops every drill. */
export const drillAlarmName = ({ name }: Pick<Environment, 'name'>): string => `holdfast-${name}-drill-writes`;
export const DRILL_NAMESPACE = 'Holdfast/Drills';
/** The tag that names an instance as the one that a drill may terminate. */
export const DRILL_TAG = 'holdfast:drill';

const termsOf = (environment: Environment, drill: Scenario): DrillTerms => {
  const { objective, lowerSeconds, upperSeconds } = budgetFor(environment, drill);
  return { rto: objective.rto, rpo: objective.rpo, lower: lowerSeconds, upper: upperSeconds };
};

export const drillSettings = (environment: Environment): DrillSettings => {
  const home = homeRegion(environment);
  const machines = environment.drills.filter(({ drill }) => drillRunner(environment, drill).kind !== 'exercise');
  return {
    name: environment.name,
    drills: environment.drills,
    drillPolicy: environment.drillPolicy,
    failover: environment.failover === null ? null : {},
    region: home.name,
    zones: home.zones,
    member: postgresName(home),
    doors: regionStatusAddresses(home),
    doorPort: REGION_STATUS_PORT,
    poolers: gatewayAddresses(home),
    poolerPort: POOLER_PORT,
    database: home.postgres.database,
    user: home.postgres.applicationRole,
    terms: Object.fromEntries(machines.map(({ drill }) => [drill, termsOf(environment, drill)])),
  };
};
