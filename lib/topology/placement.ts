/** Whether the pods of one AZ fit its nodes: requests against what the nodes offer. */
import type { NodeCapacity } from './instance-types';
import { cachePods, SHARDS } from './cache-placement';
import type { Cache, Environment, Region, Resources } from './types';
import { mebibytes, millicores } from './units';

export interface PodRequest {
  readonly name: string;
  /** Thousandths of a core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
}

/** Of the lease keeper beside each PostgreSQL of an environment whose regions fail over. */
export const LEASE_KEEPER_RESOURCES: Resources = { cpu: millicores(20), memory: mebibytes(128), cpuLimit: millicores(500) };

/** What the system's own pods request on a node: VPC CNI, kube-proxy, EBS CSI, Pod Identity, DNS, and a share of cert-manager and External Secrets. */
export const PER_NODE_RESERVE: NodeCapacity = { cpu: 450, memory: 800 };

const request = (name: string, ...containers: readonly Resources[]): PodRequest => ({
  name,
  cpu: containers.reduce((sum, c) => sum + c.cpu, 0),
  memory: containers.reduce((sum, c) => sum + c.memory, 0),
});
const times = (n: number, pod: PodRequest): readonly PodRequest[] => Array.from({ length: n }, () => pod);

const cachePodsPerZone = (region: Region, cache: Cache): readonly PodRequest[] => {
  if (cache.shards > SHARDS.most) return []; // another rule refuses it
  const pods = cachePods(cache, region);
  const fullest = Math.max(0, ...region.zones.map((zone) => pods.filter((pod) => pod.zone === zone).length));
  return [...times(fullest, request('cache', cache.resources)), request('cache-keeper', cache.keeper.resources)];
};

/** The pods that one AZ has to hold; with members spread evenly, the fullest AZ. */
export const podsPerZone = (region: Region, { cache, failover }: Pick<Environment, 'cache' | 'failover'>): readonly PodRequest[] => [
  ...(cache === null ? [] : cachePodsPerZone(region, cache)),
  ...times(region.postgres.membersPerAz, request('postgres', region.postgres.resources, ...(failover === null ? [] : [LEASE_KEEPER_RESOURCES]))),
  ...times(Math.ceil(region.etcd.members / Math.max(1, region.zones.length)), request('etcd', region.etcd.resources)),
  ...times(region.pooler.replicasPerAz, request('pgbouncer', region.pooler.resources, region.follower.resources)),
];

/** First fit, largest first. @returns the pods that found no node */
export const fitOntoNodes = (pods: readonly PodRequest[], node: NodeCapacity, nodes: number): readonly PodRequest[] => {
  const free = Array.from({ length: nodes }, () => ({ cpu: node.cpu - PER_NODE_RESERVE.cpu, memory: node.memory - PER_NODE_RESERVE.memory }));
  return [...pods]
    .sort((a, b) => b.memory - a.memory || b.cpu - a.cpu)
    .filter((pod) => {
      const roomy = free.find((room) => room.cpu >= pod.cpu && room.memory >= pod.memory);
      if (roomy === undefined) return true;
      roomy.cpu -= pod.cpu;
      roomy.memory -= pod.memory;
      return false;
    });
};
