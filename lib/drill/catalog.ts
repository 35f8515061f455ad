import { drillObstacle } from '../topology/applicable';
import { homeRegion } from '../topology/derive';
import { isDatabaseScenario, SCENARIOS, type DatabaseScenario, type ProcedureScenario, type Scenario } from '../topology/scenarios';
import type { Environment, Objective } from '../topology/types';
import { DATABASE_DRILLS, PROCEDURE_DRILLS, type ProcedureDescription, type StepsDescription } from './descriptions';
import type { ExcludedClient } from './expectation';
import { longestFault } from './faults';

interface DrillTerms {
  readonly objective: Objective;
  /** All is as before the drill again so many seconds after the fault's end; for the database: all members stream on one timeline. */
  readonly healthyDeadlineSeconds: number;
  /** The dead man's timer: after so many seconds every fault heals itself. */
  readonly longestFaultSeconds: number;
}

/** A drill of the database: faults and cures, while clients write. */
export interface StepsDrill extends StepsDescription, DrillTerms {
  readonly kind: 'steps';
  readonly name: DatabaseScenario;
}

/** A drill that is carried out by a procedure of its own. */
export interface ProcedureDrill extends ProcedureDescription, DrillTerms {
  readonly kind: 'procedure';
  readonly name: ProcedureScenario;
}

/** A drill as it is run in one environment. */
export type Drill = StepsDrill | ProcedureDrill;

/** All members streaming on one timeline again: allowed seconds after the fault's end. */
export const HEALTHY_DEADLINE_SECONDS = 60;
/** The dead man's timer leaves the drill so much time to heal the faults itself. */
const DEAD_MAN_MARGIN_SECONDS = 30;

const stepsDrill = (name: DatabaseScenario, environment: Environment): StepsDrill => {
  const description = DATABASE_DRILLS[name](homeRegion(environment));
  return {
    kind: 'steps',
    name,
    ...description,
    objective: environment.objectives[name],
    healthyDeadlineSeconds: HEALTHY_DEADLINE_SECONDS,
    longestFaultSeconds: longestFault(description.steps) + DEAD_MAN_MARGIN_SECONDS,
  };
};

const procedureDrill = (name: ProcedureScenario, environment: Environment): ProcedureDrill => {
  const description = PROCEDURE_DRILLS[name](environment);
  return {
    kind: 'procedure',
    name,
    ...description,
    objective: environment.objectives[name],
    longestFaultSeconds: description.longestFaultSeconds + DEAD_MAN_MARGIN_SECONDS,
  };
};

const drillOf = (name: Scenario, environment: Environment): Drill =>
  isDatabaseScenario(name) ? stepsDrill(name, environment) : procedureDrill(name, environment);

/** The drills of an environment in the catalogue's order; those that its topology makes pointless are left out. */
export const drillsFor = (environment: Environment): readonly Drill[] =>
  SCENARIOS.filter((name) => drillObstacle(environment, name) === null).map((name) => drillOf(name, environment));

/** Those of them that inject faults into the database step by step. */
export const stepsDrillsFor = (environment: Environment): readonly StepsDrill[] =>
  drillsFor(environment).flatMap((drill) => (drill.kind === 'steps' ? [drill] : []));

/** Drills that the environment can't run, with the reason. */
export const drillsLeftOut = (environment: Environment): readonly { readonly name: Scenario; readonly because: string }[] =>
  SCENARIOS.flatMap((name) => {
    const because = drillObstacle(environment, name);
    return because === null ? [] : [{ name, because }];
  });

/** @throws Error naming the drills that exist */
export const findDrill = (environment: Environment, name: string): Drill => {
  const drill = drillsFor(environment).find((d) => d.name === name);
  if (drill) return drill;
  const leftOut = drillsLeftOut(environment).find((d) => d.name === name);
  if (leftOut) throw new Error(`drill "${name}" can't be run in environment "${environment.name}": ${leftOut.because}`);
  throw new Error(
    `unknown drill "${name}"; the drills are: ${drillsFor(environment)
      .map((d) => d.name)
      .join(', ')}`,
  );
};

/** Where a client sits. */
export interface ClientPlace {
  readonly client: string;
  readonly node: string;
  readonly zone: string;
}

/** The clients that nobody can serve during the drill, with the reason that goes into the report. `primary` is where the primary is when the fault strikes. */
export const excludedClients = (
  drill: Pick<StepsDescription, 'excludes'>,
  primary: { readonly node: string; readonly zone: string },
  clients: readonly ClientPlace[],
): readonly ExcludedClient[] => {
  switch (drill.excludes) {
    case 'nobody':
      return [];
    case 'primary-node':
      return clients.filter((c) => c.node === primary.node).map((c) => ({ client: c.client, because: `it is on ${c.node}, the node that the fault strikes` }));
    case 'primary-zone':
      return clients.filter((c) => c.zone === primary.zone).map((c) => ({ client: c.client, because: `it is in ${c.zone}, the zone that the fault strikes` }));
  }
};
