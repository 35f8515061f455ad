/** What looks after workloads, in the order in which it is applied: types before what they describe. Only where there are workloads. */
import type { Chart } from 'cdk8s';
import { KubeNamespace } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { adaptedWorkloads } from '../lib/services/metrics-adapter';
import { RolloutsChart, rolloutTypeCharts } from './argo-rollouts/chart';
import type { ChartContext } from './data-chart';
import { MemoryKeeperChart } from './memory-keeper';
import { MetricsAdapterChart } from './metrics-adapter';
import { MetricsServerChart } from './metrics-server';
import { SYSTEM_NAMESPACE } from './names';
import { denyByDefault } from './network-policies';

export const controllerCharts = (scope: Construct, context: ChartContext): readonly Chart[] => {
  const { environment } = context;
  if (environment.workloads.length === 0) return [];
  const adapter = adaptedWorkloads(environment).length === 0 ? [] : [new MetricsAdapterChart(scope, context)];
  return [
    ...rolloutTypeCharts(scope),
    new RolloutsChart(scope, context),
    new MetricsServerChart(scope, context),
    ...adapter,
    new MemoryKeeperChart(scope, context),
  ];
};

/** With the first chart of all: Secrets are put into it before its pods come. */
export const defineSystemNamespace = (scope: Construct, { environment }: ChartContext): void => {
  if (environment.workloads.length === 0) return;
  const level = 'restricted';
  const labels = Object.fromEntries(['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]));
  new KubeNamespace(scope, `namespace-${SYSTEM_NAMESPACE}`, { metadata: { name: SYSTEM_NAMESPACE, labels } });
  denyByDefault(scope, SYSTEM_NAMESPACE);
};
