/** How many pods of a workload there are: as many as its load asks for, between its bounds. */
import { KubeHorizontalPodAutoscalerV2, type MetricSpecV2, Quantity } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import type { Workload } from '../lib/topology/types-workloads';
import type { ChartContext } from './data-chart';
import { inApplications, workloadLabels } from './workload-names';

/** What the metrics adapter answers for a workload. */
export const EXTERNAL_METRICS = { requests: 'requests-per-second', queue: 'queue-depth' } as const;

const external = (workload: string, name: string, perPod: number): MetricSpecV2 => ({
  type: 'External',
  external: {
    metric: { name, selector: { matchLabels: { workload } } },
    target: { type: 'AverageValue', averageValue: Quantity.fromString(String(perPod)) },
  },
});

const metrics = ({ name, scaling, memory, resources }: Workload): MetricSpecV2[] => [
  ...(scaling.cpuPercent === null
    ? []
    : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: scaling.cpuPercent } } }]),
  {
    type: 'Resource',
    resource: {
      name: 'memory',
      // Of the limit: a percentage would be one of the request.
      target: { type: 'AverageValue', averageValue: Quantity.fromString(`${Math.floor((resources.memoryLimit * memory.scaleOutPercent) / 100)}Mi`) },
    },
  },
  ...(scaling.requestsPerSecond === null ? [] : [external(name, EXTERNAL_METRICS.requests, scaling.requestsPerSecond)]),
  ...(scaling.queue === null ? [] : [external(name, EXTERNAL_METRICS.queue, scaling.queue.perReplica)]),
];

export const followLoad = (scope: Construct, { environment }: ChartContext, workload: Workload): void => {
  const { name, scaling } = workload;
  new KubeHorizontalPodAutoscalerV2(scope, 'autoscaler', {
    metadata: inApplications(name, workloadLabels(name, environment)),
    spec: {
      scaleTargetRef: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name },
      minReplicas: scaling.min,
      maxReplicas: scaling.max,
      metrics: metrics(workload),
    },
  });
};
