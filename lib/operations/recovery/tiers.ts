/** What each component of the start order is in Kubernetes. */
import { CACHE_SET_LABEL, cachePods, cacheSetName } from '../../topology/cache-placement';
import { APPLICATION_NAMESPACE, majority, NAMESPACE, poolerCount, postgresMemberCount, postgresName } from '../../topology/derive';
import { GATEWAY, GATEWAY_MEMBER_LABEL, gatewayMembers, publicWorkloads } from '../../topology/gateway';
import { applicationId, componentsOf, startOrder, type Component } from '../../topology/start-order';
import type { Environment, Region } from '../../topology/types';

export interface Workload {
  readonly kind: 'StatefulSet' | 'Deployment' | 'DaemonSet' | 'Rollout';
  readonly namespace: string;
  readonly name: string;
  /** Selects its pods. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Tier {
  readonly id: string;
  readonly kind: Component['kind'];
  /** Null: the machines themselves. */
  readonly workload: Workload | null;
  /** Pods (or machines) when whole. */
  readonly members: number;
  /** With so many the next tier may start: a region without one of its zones must come back, too. */
  readonly enough: number;
  /** The next pod is started when the one before is ready. */
  readonly oneAtATime: boolean;
}

const SYSTEM_NAMESPACE = 'kube-system';

const dataWorkload = (kind: Workload['kind'], name: string, component: string): Workload => ({
  kind,
  namespace: NAMESPACE,
  name,
  labels: { 'app.kubernetes.io/name': component, 'app.kubernetes.io/part-of': 'holdfast' },
});

type Describe = (region: Region) => Omit<Tier, 'id' | 'kind'>;

const machinesOf = (region: Region): number => region.zones.length * region.cluster.nodesPerAz;
const zonesForAQuorum = (region: Region): number => majority(region.zones.length) * region.cluster.nodesPerAz;

const TIERS: Readonly<Partial<Record<Component['kind'], Describe>>> = {
  machines: (region) => ({ workload: null, members: machinesOf(region), enough: zonesForAQuorum(region), oneAtATime: false }),
  'cluster-dns': (region) => ({
    workload: { kind: 'DaemonSet', namespace: SYSTEM_NAMESPACE, name: 'coredns', labels: { 'k8s-app': 'kube-dns' } },
    members: machinesOf(region),
    enough: zonesForAQuorum(region),
    oneAtATime: false,
  }),
  etcd: (region) => ({
    workload: dataWorkload('StatefulSet', 'etcd', 'etcd'),
    members: region.etcd.members,
    enough: majority(region.etcd.members),
    oneAtATime: false,
  }),
  // One StatefulSet: which member leads is Patroni's to decide, among those that etcd's record of synchronous standbys permits.
  'database-primary': (region) => ({
    workload: dataWorkload('StatefulSet', postgresName(region), 'postgres'),
    members: postgresMemberCount(region),
    enough: 1,
    oneAtATime: false,
  }),
  'database-standbys': (region) => ({
    workload: dataWorkload('StatefulSet', postgresName(region), 'postgres'),
    members: postgresMemberCount(region),
    enough: Math.min(2, postgresMemberCount(region)),
    oneAtATime: false,
  }),
  pooler: (region) => ({
    workload: dataWorkload('Deployment', 'pgbouncer', 'pgbouncer'),
    members: poolerCount(region),
    enough: 1,
    oneAtATime: false,
  }),
};

/** A StatefulSet per AZ: a region without one of its AZs must come back, too. The keeper, which nothing here starts, makes a cluster of them again. */
const cacheTiers = ({ cache }: Environment, region: Region): readonly Tier[] =>
  cache === null
    ? []
    : region.zones.map((zone) => {
        const set = cacheSetName(zone);
        const workload = dataWorkload('StatefulSet', set, 'cache');
        const members = cachePods(cache, region).filter((pod) => pod.zone === zone).length;
        return {
          id: set,
          kind: 'cache',
          workload: { ...workload, labels: { ...workload.labels, [CACHE_SET_LABEL]: set } },
          members,
          enough: 0,
          oneAtATime: false,
        };
      });

/** One pod at a time until its autoscaler takes over, which does nothing while there are none. */
const applicationTier = ({ workloads }: Environment, { zones }: Region, id: string): readonly Tier[] =>
  workloads
    .filter(({ name }) => applicationId(name) === id)
    .map(({ name, scaling }) => ({
      id,
      kind: 'application',
      workload: {
        kind: 'Rollout',
        namespace: APPLICATION_NAMESPACE,
        name,
        labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'workload' },
      },
      members: scaling.min,
      enough: scaling.min - Math.ceil(scaling.min / Math.max(1, zones.length)),
      oneAtATime: true,
    }));

/** The gateways, one Deployment per AZ; what is before them is outside of the cluster, and nobody starts it. */
const entranceTiers = (environment: Environment, region: Region): readonly Tier[] =>
  publicWorkloads(environment).length === 0
    ? []
    : gatewayMembers(region).map(({ name }) => ({
        id: name,
        kind: 'entrance',
        workload: { kind: 'Deployment', namespace: APPLICATION_NAMESPACE, name, labels: { 'app.kubernetes.io/name': GATEWAY, [GATEWAY_MEMBER_LABEL]: name } },
        members: 1,
        enough: 0,
        oneAtATime: false,
      }));

/**
 * The tiers of a region in their start order.
 * @throws Error when the environment has a component that this release can't start
 */
export const tiersOf = (environment: Environment, region: Region): readonly Tier[] =>
  startOrder(componentsOf(environment)).flatMap(({ id, kind }) => {
    if (kind === 'cache') return cacheTiers(environment, region);
    if (kind === 'application') return applicationTier(environment, region, id);
    if (kind === 'entrance') return entranceTiers(environment, region);
    const describe = TIERS[kind];
    if (describe === undefined) throw new Error(`"${id}" is part of ${environment.name}, and this release does not know how to start it`);
    return { id, kind, ...describe(region) };
  });
