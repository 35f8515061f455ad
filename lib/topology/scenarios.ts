/**
 * Names of the scenarios that carry an objective: the drill of the same name proves it (see docs/drills.md). One list per family; a name is here once its budget, its
 * description and its drill exist.
 */
export const DATABASE_SCENARIOS = [
  'primary-node-dies',
  'primary-node-dark',
  'primary-node-frozen',
  'postgres-killed',
  'patroni-killed',
  'patroni-frozen',
  'postgres-frozen',
  'switchover',
  'node-drained',
  'az-lost',
  'primary-partitioned-drop',
  'primary-partitioned-reset',
  'partial-partition',
  'etcd-member-lost',
  'etcd-quorum-lost',
  'etcd-leader-lost-with-primary',
  'disk-full',
] as const;
export const CACHE_SCENARIOS = ['redis-master-dies', 'redis-az-lost', 'redis-master-isolated', 'redis-majority-lost', 'redis-memory-full'] as const;
export const REGION_SCENARIOS = ['region-switchover', 'region-crash-promotion', 'regions-link-cut', 'standby-region-lost', 'region-rejoin'] as const;
export const FAILOVER_SCENARIOS = [
  'region-lost',
  'region-isolated',
  'witness-lost',
  'lease-store-lost',
  'failover-interrupted',
  'lag-gate',
  'failback',
] as const;
export const SECRET_SCENARIOS = ['rotate-secrets', 'credentials-compromised'] as const;
export const BACKUP_SCENARIOS = [
  'restore-point-in-time',
  'restore-extract',
  'restore-refused',
  'restore-interrupted',
  'restore-disk-full',
  'verified-backup',
  'standby-delayed-extract',
] as const;
export const OPERATION_SCENARIOS = ['connections-exhausted', 'maintenance-under-load', 'region-cold-start'] as const;
export const EDGE_SCENARIOS = ['overload', 'invalid-signature-flood', 'limiter-loses-state', 'nonce-store-down'] as const;
export const WORKLOAD_SCENARIOS = [
  'good-deploy',
  'bad-deploy',
  'out-of-memory',
  'pod-loses-database',
  'application-node-dies',
  'queue-backlog',
  'load-surge',
  'cache-down',
  'database-down',
  'clock-step',
] as const;

export const CERTIFICATE_SCENARIOS = ['certificate-renewal', 'certificate-renewal-fails'] as const;

export type DatabaseScenario = (typeof DATABASE_SCENARIOS)[number];
export type CacheScenario = (typeof CACHE_SCENARIOS)[number];
export type RegionScenario = (typeof REGION_SCENARIOS)[number];
export type FailoverScenario = (typeof FAILOVER_SCENARIOS)[number];
export type SecretScenario = (typeof SECRET_SCENARIOS)[number];
export type BackupScenario = (typeof BACKUP_SCENARIOS)[number];
export type OperationScenario = (typeof OPERATION_SCENARIOS)[number];
export type EdgeScenario = (typeof EDGE_SCENARIOS)[number];
export type WorkloadScenario = (typeof WORKLOAD_SCENARIOS)[number];
export type CertificateScenario = (typeof CERTIFICATE_SCENARIOS)[number];

/** By family, in the order of the catalogue. */
export const SCENARIO_FAMILIES = {
  database: DATABASE_SCENARIOS,
  cache: CACHE_SCENARIOS,
  regions: REGION_SCENARIOS,
  failover: FAILOVER_SCENARIOS,
  secrets: SECRET_SCENARIOS,
  backups: BACKUP_SCENARIOS,
  operations: OPERATION_SCENARIOS,
  workloads: WORKLOAD_SCENARIOS,
  edge: EDGE_SCENARIOS,
  certificates: CERTIFICATE_SCENARIOS,
} as const;
export type ScenarioFamily = keyof typeof SCENARIO_FAMILIES;
export type Scenario = (typeof SCENARIO_FAMILIES)[ScenarioFamily][number];

/** Scenarios whose drill is a procedure of its own, not a list of faults to inject into the database. */
export type ProcedureScenario = Exclude<Scenario, DatabaseScenario>;

export const SCENARIOS: readonly Scenario[] = Object.values(SCENARIO_FAMILIES).flat();

export const isDatabaseScenario = (scenario: Scenario): scenario is DatabaseScenario => (DATABASE_SCENARIOS as readonly Scenario[]).includes(scenario);

export const familyOf = (scenario: Scenario): ScenarioFamily => {
  const families = Object.keys(SCENARIO_FAMILIES) as readonly ScenarioFamily[];
  const family = families.find((name) => (SCENARIO_FAMILIES[name] as readonly Scenario[]).includes(scenario));
  if (family === undefined) throw new Error(`scenario "${scenario}" belongs to no family`);
  return family;
};
