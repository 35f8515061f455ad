/** Which scenarios concern an environment: one without a cache promises nothing about it. */
import { homeRegion, postgresMemberCount } from './derive';
import { familyOf, SCENARIOS, type Scenario, type ScenarioFamily } from './scenarios';
import type { Environment } from './types';
import { queueWorkload, userWorkload } from './workload-timings';

/** Why no scenario of a family applies, or null. */
const FAMILY_OBSTACLES: Readonly<Record<ScenarioFamily, (environment: Environment) => string | null>> = {
  database: () => null,
  cache: (environment) => (environment.cache === null ? 'there is no cache' : null),
  regions: (environment) => (environment.regions.some((region) => region.role === 'standby') ? null : 'there is no standby region'),
  failover: ({ failover, dns }) => {
    if (failover === null) return 'no other region takes over by itself';
    return dns === null ? 'there are no names that lead clients to another region' : null;
  },
  secrets: () => null,
  backups: () => null,
  operations: () => null,
  edge: (environment) => {
    if (environment.edge === null) return 'there are no limits: it has no edge';
    return userWorkload(environment) === null ? 'no workload is reached by users' : null;
  },
  certificates: (environment) => {
    if (environment.acme === null) return 'no certificate is renewed there';
    return userWorkload(environment) === null ? 'no workload is reached by users' : null;
  },
  workloads: (environment) => (userWorkload(environment) === null ? 'no workload is reached by users' : null),
};

/** They make a new history. */
const IN_PLACE: readonly Scenario[] = ['restore-point-in-time', 'restore-interrupted', 'restore-disk-full'];

/** What a scenario of workloads needs besides a workload that users reach, or null: it is there. */
const workloadObstacle = (environment: Environment, scenario: Scenario): string | null => {
  const workload = userWorkload(environment);
  if (workload === null) return null; // the family's obstacle says so
  const without = (need: string): string | null => (workload.needs.includes(need) ? null : `${workload.name} does without ${need}`);
  if (scenario === 'pod-loses-database' || scenario === 'database-down') return without('database');
  if (scenario === 'cache-down') return without('cache');
  // Challenges are known in the cache, and receipts kept in the database.
  if (scenario === 'clock-step') return without('database') ?? without('cache');
  if (scenario === 'queue-backlog' && queueWorkload(environment) === null)
    return `${workload.name} has no queue that it scales by, and neither has another workload`;
  if (scenario === 'load-surge' && workload.scaling.max === workload.scaling.min) return `${workload.name} always has as many replicas`;
  return null;
};

/** Why the scenario does not apply to the environment, or null. */
export const obstacleTo = (environment: Environment, scenario: Scenario): string | null => {
  if (scenario === 'standby-delayed-extract' && environment.backups.delayedReplica === null) return 'there is no replica that stays behind';
  return FAMILY_OBSTACLES[familyOf(scenario)](environment) ?? workloadObstacle(environment, scenario);
};

/** The scenarios that the environment makes a promise for, in the catalogue's order. */
export const scenariosOf = (environment: Environment): readonly Scenario[] => SCENARIOS.filter((scenario) => obstacleTo(environment, scenario) === null);

/** Why a drill can't be run in the environment's home region although the scenario applies to it, or null. */
export const drillObstacle = (environment: Environment, scenario: Scenario): string | null => {
  const obstacle = obstacleTo(environment, scenario);
  if (obstacle !== null) return obstacle;
  const home = homeRegion(environment);
  const standbyRegion = environment.regions.some((region) => region.role === 'standby');
  if (familyOf(scenario) === 'secrets' && standbyRegion) return 'a rotation does not reach the standby region, which has the same passwords';
  if (IN_PLACE.includes(scenario) && standbyRegion) return 'the standby region would go on with what the restore gives up';
  if (familyOf(scenario) === 'certificates' && environment.acme?.client === 'cert-manager')
    return 'cert-manager renews: its own controllers don’t run in the lab';
  if (scenario === 'clock-step' && environment.acme === null)
    return 'no time servers stand beside the zones: they are on the host of the certificate authority';
  if (postgresMemberCount(home) < 2) return 'there is no standby to fail over to';
  if (scenario === 'az-lost' && home.zones.length < 3) return 'losing one of fewer than three zones may lose the quorum';
  return null;
};
