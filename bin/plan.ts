/** What will exist, as data: `holdfast plan --json`, and what its text is made of. */
import { scenariosOf } from '../lib/topology/applicable';
import { budgetFor, type Budget } from '../lib/topology/budget';
import { etcdMemberNames, poolerCount, postgresMemberNames } from '../lib/topology/derive';
import type { Environment, Region } from '../lib/topology/types';

export interface RegionPlan {
  readonly name: string;
  readonly role: Region['role'];
  readonly zones: readonly string[];
  readonly network: Region['network'];
  readonly nodes: { readonly perZone: number; readonly total: number; readonly instanceType: string; readonly kubernetes: string };
  readonly etcd: readonly string[];
  readonly postgres: readonly string[];
  readonly poolers: number;
}

export interface Plan {
  readonly environment: string;
  readonly account: string | null;
  readonly retainData: boolean;
  readonly regions: readonly RegionPlan[];
  readonly backups: Environment['backups'];
  readonly certificates: Environment['certificates'];
  readonly synchronousMode: string;
  readonly budgets: readonly Budget[];
}

const regionPlan = (region: Region): RegionPlan => ({
  name: region.name,
  role: region.role,
  zones: region.zones,
  network: region.network,
  nodes: {
    perZone: region.cluster.nodesPerAz,
    total: region.cluster.nodesPerAz * region.zones.length,
    instanceType: region.cluster.instanceType,
    kubernetes: region.cluster.version,
  },
  etcd: etcdMemberNames(region),
  postgres: postgresMemberNames(region),
  poolers: poolerCount(region),
});

export const planOf = (environment: Environment): Plan => ({
  environment: environment.name,
  account: environment.account,
  retainData: environment.retainData,
  regions: environment.regions.map(regionPlan),
  backups: environment.backups,
  certificates: environment.certificates,
  synchronousMode: environment.regions.find((region) => region.role === 'home')?.postgres.synchronousMode ?? 'none',
  budgets: scenariosOf(environment).map((scenario) => budgetFor(environment, scenario)),
});
