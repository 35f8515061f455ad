import { fitOntoNodes, PER_NODE_RESERVE, podsPerZone } from '../placement';
import { INSTANCE_TYPES, nodeCapacity } from '../instance-types';
import { closest } from '../closest';
import { regionRule, when, type Rule } from './rule';

/** Kubernetes versions whose charts, kubectl layer and lab are the tested ones. */
export const SUPPORTED_KUBERNETES: readonly string[] = ['1.35'];

export const kubernetesIsSupported: Rule = regionRule(
  'kubernetes-is-supported',
  'The Kubernetes version is the one that the charts and the lab are tested with.',
  (region, at) =>
    when(!SUPPORTED_KUBERNETES.includes(region.cluster.version), () => ({
      path: at('cluster.version'),
      given: JSON.stringify(region.cluster.version),
      allowed: SUPPORTED_KUBERNETES.join(', '),
      fix: `use "${SUPPORTED_KUBERNETES[0] ?? ''}"`,
    })),
);

export const instanceTypeIsKnown: Rule = regionRule(
  'instance-type-is-known',
  'Nodes are x86-64 instances of a family whose capacity is known: the images are built for that architecture, and the fit of the pods is checked.',
  (region, at) =>
    when(nodeCapacity(region.cluster.instanceType) === undefined, () => {
      const meant = closest(region.cluster.instanceType, INSTANCE_TYPES);
      return {
        path: at('cluster.instanceType'),
        given: JSON.stringify(region.cluster.instanceType),
        allowed: INSTANCE_TYPES.join(', '),
        fix: meant === undefined ? 'use "m7i.large"' : `did you mean "${meant}"?`,
      };
    }),
);

export const nodeCounts: Rule = regionRule('node-counts', 'Each AZ has at least one node, and may be scaled to at least as many as it has.', (region, at) => {
  const { nodesPerAz, maxNodesPerAz } = region.cluster;
  return [
    ...when(nodesPerAz < 1, () => ({ path: at('cluster.nodesPerAz'), given: String(nodesPerAz), allowed: '>= 1', fix: 'use at least 1' })),
    ...when(maxNodesPerAz < nodesPerAz, () => ({
      path: at('cluster.maxNodesPerAz'),
      given: `${maxNodesPerAz} with nodesPerAz ${nodesPerAz}`,
      allowed: '>= nodesPerAz',
      fix: `use at least ${nodesPerAz}`,
    })),
  ];
});

export const limitsCoverRequests: Rule = regionRule(
  'limits-cover-requests',
  'A container’s CPU limit is not below its request: Kubernetes refuses such a pod.',
  (region, at) =>
    (['etcd', 'postgres', 'pooler', 'follower'] as const).flatMap((part) => {
      const { cpu, cpuLimit } = region[part].resources;
      return when(cpuLimit < cpu, () => ({
        path: at(`${part}.resources.cpuLimit`),
        given: `${cpuLimit}m with a request of ${cpu}m`,
        allowed: '>= cpu',
        fix: `use millicores(${cpu}) or more`,
      }));
    }),
);

export const podsFitTheNodes: Rule = regionRule(
  'pods-fit-the-nodes',
  'What an AZ’s pods request fits its running nodes, beside what the system’s own pods take on each.',
  (region, at, environment) => {
    const node = nodeCapacity(region.cluster.instanceType);
    if (node === undefined) return [];
    const left = fitOntoNodes(podsPerZone(region, environment), node, region.cluster.nodesPerAz);
    return when(left.length > 0, () => ({
      path: at('cluster'),
      given: `${region.cluster.nodesPerAz} x ${region.cluster.instanceType} per AZ, ${node.cpu - PER_NODE_RESERVE.cpu}m and ${node.memory - PER_NODE_RESERVE.memory} MiB free on each; no room for ${left.map((pod) => `${pod.name} (${pod.cpu}m, ${pod.memory} MiB)`).join(', ')}`,
      allowed: 'room for every pod of the AZ',
      fix: 'use a larger instanceType, more nodesPerAz, or smaller requests',
    }));
  },
);
