/** What will exist, as data: `holdfast plan --json`, and what its text is made of. */
import { scenariosOf } from '../lib/topology/applicable';
import { budgetFor, type Budget } from '../lib/topology/budget';
import { hasPeers } from '../lib/topology/regions';
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
  /** What the region needs on AWS and this release does not make. */
  readonly notYet: readonly string[];
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

/** Regions reach each other through these. */
const NOT_YET_BETWEEN_REGIONS = ['load balancers behind its gateway (AWS Load Balancer Controller)', 'a certificate authority that all regions trust'];

/** The public load balancer exists, and answers 503 until something is behind it. */
const NOT_YET_BEHIND_THE_ENTRANCE = ['the application behind the public load balancer (a TargetGroupBinding to the stack output TargetGroupArn)'];

const regionPlan = (environment: Environment, region: Region): RegionPlan => ({
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
  notYet: [...(hasPeers(environment) ? NOT_YET_BETWEEN_REGIONS : []), ...(environment.dns === null ? [] : NOT_YET_BEHIND_THE_ENTRANCE)],
});

export const planOf = (environment: Environment): Plan => ({
  environment: environment.name,
  account: environment.account,
  retainData: environment.retainData,
  regions: environment.regions.map((region) => regionPlan(environment, region)),
  backups: environment.backups,
  certificates: environment.certificates,
  synchronousMode: environment.regions.find((region) => region.role === 'home')?.postgres.synchronousMode ?? 'none',
  budgets: scenariosOf(environment).map((scenario) => budgetFor(environment, scenario)),
});
