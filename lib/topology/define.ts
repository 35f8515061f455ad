import {
  ACME_DEFAULTS,
  BACKUP_DEFAULTS,
  CACHE_DEFAULTS,
  CERTIFICATE_DEFAULTS,
  CLOCK_DEFAULTS,
  DNS_DEFAULTS,
  DRILL_POLICY_DEFAULTS,
  FAILOVER_DEFAULTS,
  MAINTENANCE_DEFAULTS,
  ROTATION_DEFAULTS,
  OBJECTIVE_DEFAULTS,
  REGION_DEFAULTS,
  REPLICATION_DEFAULTS,
} from './defaults';
import { EDGE_DEFAULTS } from './defaults-edge';
import { workloadWithDefaults } from './defaults-workloads';
import { defaultCadence } from './drill-runners';
import { GATEWAY_DEFAULTS } from './gateway';
import { RULES } from './rules';
import { UNKNOWN_KEY } from './shape';
import { checkShape } from './environment-shape';
import type { Scenario } from './scenarios';
import type { Cache, Environment, EnvironmentInput, Objective, Region, RegionInput } from './types';
import { TopologyError, type Violation } from './violation';

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Later layers win; objects are merged key by key, everything else replaces. A layer's `undefined` is no value. */
const merge = (...layers: readonly unknown[]): Plain =>
  layers.filter(isPlain).reduce<Record<string, unknown>>((merged, layer) => {
    for (const [key, value] of Object.entries(layer)) {
      if (value === undefined) continue;
      merged[key] = isPlain(value) ? merge(merged[key], value) : value;
    }
    return merged;
  }, {});

/** Untyped code may hand in anything. */
const nameOf = (input: unknown): string => (isPlain(input) && typeof input['name'] === 'string' ? input['name'] : '(no name)');

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
};

/** The environment with every default filled in, not yet checked against the rules. */
export const withDefaults = (input: EnvironmentInput): Environment => ({
  name: input.name,
  account: input.account ?? null,
  retainData: input.retainData ?? true,
  regions: input.regions.map((region: RegionInput) => merge(REGION_DEFAULTS, input.everyRegion, region) as unknown as Region),
  certificates: merge(CERTIFICATE_DEFAULTS, input.certificates) as unknown as Environment['certificates'],
  acme: input.acme === undefined || input.acme === null ? null : (merge(ACME_DEFAULTS, input.acme) as unknown as Environment['acme']),
  clocks: merge(CLOCK_DEFAULTS, input.clocks) as unknown as Environment['clocks'],
  imageDigests: merge(input.imageDigests),
  rotation: merge(ROTATION_DEFAULTS, input.rotation) as unknown as Environment['rotation'],
  backups: merge(BACKUP_DEFAULTS, input.backups) as unknown as Environment['backups'],
  replication: merge(REPLICATION_DEFAULTS, input.replication) as unknown as Environment['replication'],
  maintenance: merge(MAINTENANCE_DEFAULTS, input.maintenance) as unknown as Environment['maintenance'],
  objectives: merge(OBJECTIVE_DEFAULTS, input.objectives) as unknown as Record<Scenario, Objective>,
  drills: (input.drills ?? []).map(({ drill, every }) => ({ drill, every: every ?? defaultCadence(drill) })),
  drillPolicy: merge(DRILL_POLICY_DEFAULTS, input.drillPolicy) as unknown as Environment['drillPolicy'],
  cache: input.cache === undefined || input.cache === null ? null : (merge(CACHE_DEFAULTS, input.cache) as unknown as Cache),
  edge: input.edge === undefined || input.edge === null ? null : (merge(EDGE_DEFAULTS, input.edge) as unknown as Environment['edge']),
  gateway: merge(GATEWAY_DEFAULTS, input.gateway) as unknown as Environment['gateway'],
  dns: input.dns === undefined || input.dns === null ? null : (merge(DNS_DEFAULTS, input.dns) as unknown as Environment['dns']),
  failover: input.failover === undefined || input.failover === null ? null : (merge(FAILOVER_DEFAULTS, input.failover) as unknown as Environment['failover']),
  workloads: (input.workloads ?? []).map(workloadWithDefaults),
});

/** Every violation of the input: of its shape and of every rule. With a value of the wrong type no rule can be judged, so then the shape's alone. */
export const violationsOf = (input: EnvironmentInput): readonly Violation[] => {
  const shape = checkShape(input);
  if (shape.some((violation) => violation.rule !== UNKNOWN_KEY)) return shape;
  const environment = withDefaults(input);
  return [...shape, ...RULES.flatMap((rule) => rule.check(environment))];
};

/**
 * Fills the defaults, checks the shape and every rule, and freezes.
 * @throws TopologyError with all violations at once
 */
export const defineEnvironment = (input: EnvironmentInput): Environment => {
  const violations = violationsOf(input);
  if (violations.length > 0) throw new TopologyError(nameOf(input), violations);
  return freeze(withDefaults(input));
};
