/** The Kubernetes side of an environment: charts per region, and the same as plain manifests. */
import { App, type Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { stringify } from 'yaml';
import { publicWorkloads } from '../lib/topology/gateway';
import type { Environment, Region } from '../lib/topology/types';
import { workloadsInOrder } from '../lib/topology/start-order';
import { hasRotationJob } from '../lib/services/rotation/job';
import { ApplicationsChart } from './applications';
import { BackupChart } from './backup';
import { CacheChart } from './cache';
import { CertificateMonitorChart } from './certificate-monitor';
import { CertificateRenewerChart } from './certificate-renewer';
import { ClockMonitorChart } from './clock-monitor';
import { ClusterChart } from './cluster';
import { controllerCharts } from './controllers';
import type { ChartContext } from './data-chart';
import { DelayedReplicaChart } from './delayed-replica';
import { EtcdChart } from './etcd';
import { GatewayChart } from './gateway';
import { MaintenanceChart } from './maintenance';
import { assertManifestFits } from './manifest-size';
import type { Platform } from './platform';
import { PoolerChart } from './pooler';
import { PostgresChart } from './postgres';
import { RotationChart } from './rotation';
import { WorkloadChart } from './workload';

export { assertManifestFits, MANIFEST_LIMIT_BYTES } from './manifest-size';
export * from './names';
export { IMAGE_NAMES, type ImageName, type Platform } from './platform';

export interface Manifest {
  /** The chart's name: `cluster`, `etcd`, `postgres`, `pooler`, `maintenance`, `cache`, `backup`, `delayed-replica`, `rotation`, `applications`, `gateway`, and `workload-<name>` for each workload. */
  readonly name: string;
  readonly objects: readonly object[];
  readonly yaml: string;
}

/**
 * The charts of one region, in the order in which they are applied: the same in every region; a standby region's PostgreSQL begins as a standby cluster.
 * @throws Error when a chart's manifest is larger than what carries it on AWS
 */
export const chartsFor = (app: App, environment: Environment, region: Region, platform: Platform): Chart[] => {
  const context: ChartContext = { environment, region, platform };
  const scope = new Construct(app, `${environment.name}-${region.name}`);
  const data = [new ClusterChart(scope, context), new EtcdChart(scope, context), new PostgresChart(scope, context), new PoolerChart(scope, context)];
  // A standby region's tables are its primary's, and so are its backups; its own archive begins when it is promoted.
  const ofTheHome = region.role === 'home' ? [new MaintenanceChart(scope, context), ...backupCharts(scope, context)] : [];
  const cache = environment.cache === null ? [] : [new CacheChart(scope, context, environment.cache)];
  const charts: Chart[] = [...data, ...ofTheHome, ...cache, ...rotationCharts(scope, context), ...workloadCharts(scope, context)];
  charts.forEach((chart, i) => {
    const previous = charts[i - 1];
    if (previous) chart.addDependency(previous);
    assertManifestFits(chart.node.id, objectsOf(chart));
  });
  return charts;
};

/** What users bring, each after what it needs. A standby region runs the same: it is whole when it is promoted, and reads its own data until then. */
const workloadCharts = (scope: Construct, context: ChartContext): Chart[] => {
  const { environment } = context;
  if (environment.workloads.length === 0) return [];
  return [
    new ApplicationsChart(scope, context),
    ...controllerCharts(scope, context),
    ...gatewayCharts(scope, context),
    ...certificateCharts(scope, context),
    ...workloadsInOrder(environment).map((workload) => new WorkloadChart(scope, context, workload)),
  ];
};

/** Before the workloads: it waits for their pods, and they for nothing. */
const gatewayCharts = (scope: Construct, context: ChartContext): Chart[] => {
  const { environment } = context;
  return environment.edge === null || publicWorkloads(environment).length === 0 ? [] : [new GatewayChart(scope, context, environment.edge)];
};

/** A standby region renews its own: what a promotion relies on is there before it. */
const certificateCharts = (scope: Construct, context: ChartContext): Chart[] => {
  const { acme } = context.environment;
  const certificates = acme === null ? [] : [new CertificateRenewerChart(scope, context, acme), new CertificateMonitorChart(scope, context)];
  return [...certificates, new ClockMonitorChart(scope, context)];
};

/** A standby region's members have the same passwords, and a rotation does not reach them: there is no schedule where it would be refused. */
const rotationCharts = (scope: Construct, context: ChartContext): Chart[] => (hasRotationJob(context.environment) ? [new RotationChart(scope, context)] : []);

const backupCharts = (scope: Construct, context: ChartContext): Chart[] => {
  const { delayedReplica } = context.environment.backups;
  const delayed = delayedReplica === null ? [] : [new DelayedReplicaChart(scope, context, delayedReplica.delay)];
  return [new BackupChart(scope, context), ...delayed];
};

export const manifestsFor = (environment: Environment, region: Region, platform: Platform): Manifest[] =>
  chartsFor(new App(), environment, region, platform).map((chart) => {
    const objects = objectsOf(chart);
    return { name: chart.node.id, objects, yaml: objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n') };
  });

const objectsOf = (chart: Chart): object[] => chart.toJson() as object[];
