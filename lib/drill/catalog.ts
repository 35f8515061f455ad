import { homeRegion, postgresMemberCount } from '../topology/derive';
import { SCENARIOS, type Environment, type Objective, type Region, type Scenario } from '../topology/types';
import type { ExcludedClient } from './expectation';
import { DRILL_DESCRIPTIONS, type DrillDescription } from './descriptions';
import { longestFault } from './faults';

/** A drill as it is run in one environment. */
export interface Drill extends DrillDescription {
  readonly name: Scenario;
  readonly objective: Objective;
  /** All members stream on one timeline again so many seconds after the fault's end. */
  readonly healthyDeadlineSeconds: number;
  /** The dead man's timer: after so many seconds every fault heals itself. */
  readonly longestFaultSeconds: number;
}

/** All members streaming on one timeline again: allowed seconds after the fault's end. */
export const HEALTHY_DEADLINE_SECONDS = 60;
/** The dead man's timer leaves the drill so much time to heal the faults itself. */
const DEAD_MAN_MARGIN_SECONDS = 30;

/** Why the drill can't be run in this region, or null. */
const obstacle = (name: Scenario, region: Region): string | null => {
  if (postgresMemberCount(region) < 2) return 'there is no standby to fail over to';
  if (name === 'az-lost' && region.zones.length < 3) return 'losing one of fewer than three zones may lose the quorum';
  return null;
};

const drillOf = (name: Scenario, environment: Environment): Drill => {
  const description = DRILL_DESCRIPTIONS[name](homeRegion(environment));
  return {
    name,
    ...description,
    objective: environment.objectives[name],
    healthyDeadlineSeconds: HEALTHY_DEADLINE_SECONDS,
    longestFaultSeconds: longestFault(description.steps) + DEAD_MAN_MARGIN_SECONDS,
  };
};

/** The drills of an environment in the catalogue's order; those that its topology makes pointless are left out. */
export const drillsFor = (environment: Environment): readonly Drill[] =>
  SCENARIOS.filter((name) => obstacle(name, homeRegion(environment)) === null).map((name) => drillOf(name, environment));

/** Drills that the environment can't run, with the reason. */
export const drillsLeftOut = (environment: Environment): readonly { readonly name: Scenario; readonly because: string }[] =>
  SCENARIOS.flatMap((name) => {
    const because = obstacle(name, homeRegion(environment));
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
  drill: DrillDescription,
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
