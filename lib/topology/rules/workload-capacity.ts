import { CONTROLLER_RESOURCES } from '../controllers';
import { nodeCapacity } from '../instance-types';
import { fitOntoNodes, podsPerZone, type PodRequest } from '../placement';
import type { Environment, Region } from '../types';
import type { Workload } from '../types-workloads';
import { regionRule, rule, when, type Rule } from './rule';

const request = (w: Workload): PodRequest => ({ name: w.name, cpu: w.resources.cpu, memory: w.resources.memory });
const times = (n: number, pod: PodRequest): readonly PodRequest[] => Array.from({ length: n }, () => pod);

/** In each AZ: what one lost AZ's replicas add, or the new release beside the old one, whichever is more. */
const perZone = (workloads: readonly Workload[], zones: number): readonly PodRequest[] => {
  const largest = Math.max(0, ...workloads.map(({ scaling }) => Math.ceil(scaling.min / zones)));
  const left = Math.max(1, zones - 1);
  const afterALoss = workloads.flatMap((w) => times(Math.ceil(w.scaling.min / left), request(w)));
  const releasing = workloads.flatMap((w) => times(Math.ceil(w.scaling.min / zones), request(w)));
  const surging = workloads.find(({ scaling }) => Math.ceil(scaling.min / zones) === largest);
  const during = surging === undefined ? releasing : [...releasing, ...times(largest, request(surging))];
  const memory = (pods: readonly PodRequest[]): number => pods.reduce((sum, pod) => sum + pod.memory, 0);
  return memory(during) > memory(afterALoss) ? during : afterALoss;
};

/** One of each in an AZ: with one AZ lost, the two of each are in two others. */
const CONTROLLERS: readonly PodRequest[] = Object.entries(CONTROLLER_RESOURCES).map(([name, { cpu, memory }]) => ({ name, cpu, memory }));

const roomFor = (region: Region, environment: Environment): readonly PodRequest[] => {
  const node = nodeCapacity(region.cluster.instanceType);
  if (node === undefined) return []; // another rule refuses it
  const pods = [...podsPerZone(region, environment), ...CONTROLLERS, ...perZone(environment.workloads, region.zones.length)];
  return fitOntoNodes(pods, node, region.cluster.nodesPerAz);
};

export const workloadsFitWithAZoneLost: Rule = regionRule(
  'workloads-fit-with-a-zone-lost',
  'With one AZ lost, the nodes of the others have room for every workload’s minimum of replicas; and with all of them, for a new release beside the old one.',
  (region, at, environment) => {
    if (environment.workloads.length === 0) return [];
    const left = roomFor(region, environment).filter(({ name }) => [...environment.workloads, ...CONTROLLERS].some((pod) => pod.name === name));
    return when(left.length > 0, () => ({
      path: at('cluster'),
      given: `${region.cluster.nodesPerAz} x ${region.cluster.instanceType} per AZ: no room for ${left.map((pod) => `${pod.name} (${pod.cpu}m, ${pod.memory} MiB)`).join(', ')} in an AZ when another one is lost, or during a release`,
      allowed: 'room for ceil(min / (AZs - 1)) replicas of each workload in each AZ, and for the largest one twice',
      fix: 'use a larger instanceType, more nodesPerAz, or smaller requests',
    }));
  },
);

export const connectionsFitThePoolers: Rule = rule(
  'workload-connections-fit-the-poolers',
  'The connections of all replicas, with a whole new release beside the old one, fit the poolers of the AZs that are left when one is lost.',
  ({ workloads, regions }) => {
    const stated = workloads.flatMap(({ name, scaling, databaseConnections }) =>
      databaseConnections === null ? [] : [{ name, connections: databaseConnections * scaling.max * 2 }],
    );
    const wanted = stated.reduce((sum, { connections }) => sum + connections, 0);
    return regions.flatMap(({ zones, pooler }, i) => {
      const taken = Math.max(1, zones.length - 1) * pooler.replicasPerAz * pooler.maxClientConnections;
      return when(wanted > taken, () => ({
        path: `regions[${i}].pooler.maxClientConnections`,
        given: `${pooler.maxClientConnections} per pooler, ${taken} with an AZ lost; ${stated.map(({ name, connections }) => `${name} opens up to ${connections}`).join(', ')} (databaseConnections x scaling.max x 2)`,
        allowed: `at least ${Math.ceil(wanted / Math.max(1, (zones.length - 1) * pooler.replicasPerAz))} per pooler`,
        fix: 'use smaller databaseConnections (each replica needs few: PgBouncer shares them), or a larger maxClientConnections',
      }));
    });
  },
);
