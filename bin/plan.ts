/** What will exist, as data: `holdfast plan --json`, and what its text is made of. */
import { cascadeOf } from './cascade-text';
import { scenariosOf } from '../lib/topology/applicable';
import { budgetFor, type Budget } from '../lib/topology/budget';
import type { CascadeRow } from '../lib/topology/edge-limits';
import { publicWorkloads } from '../lib/topology/gateway';
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
  /** The cascade of limits from the outside in, or null: nobody is limited. */
  readonly limits: readonly CascadeRow[] | null;
}

/** Regions reach each other through these. */
const NOT_YET_BETWEEN_REGIONS = ['load balancers behind its gateway (AWS Load Balancer Controller)', 'a certificate authority that all regions trust'];

/** The public load balancer exists, and answers 503 until something is behind it. */
const NOTHING_BEHIND_THE_ENTRANCE = ['anything behind the public load balancer (a workload that is `public`)'];
const behindTheEntrance = (environment: Environment): readonly string[] =>
  environment.dns === null || publicWorkloads(environment).length > 0 ? [] : NOTHING_BEHIND_THE_ENTRANCE;

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
  notYet: [...(hasPeers(environment) ? NOT_YET_BETWEEN_REGIONS : []), ...behindTheEntrance(environment)],
});

export const planOf = (environment: Environment): Plan => ({
  environment: environment.name,
  account: environment.account,
  retainData: environment.retainData,
  regions: environment.regions.map((region) => regionPlan(environment, region)),
  backups: environment.backups,
  certificates: environment.certificates,
  synchronousMode: environment.regions.find((region) => region.role === 'home')?.postgres.synchronousMode ?? 'none',
  limits: environment.edge === null ? null : cascadeOf(environment),
  budgets: scenariosOf(environment).map((scenario) => budgetFor(environment, scenario)),
});
