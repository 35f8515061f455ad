import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { applyChart } from '../constructs/chart-manifest';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import type { Platform } from './platform';

export interface WorkloadsProps extends RegionalStackProps {
  readonly platform: Platform;
}

/** The charts of etcd, PostgreSQL and the pooler, applied in the order in which each finds what it needs. */
export class Workloads extends RegionalStack {
  constructor(scope: Construct, props: WorkloadsProps) {
    super(scope, 'workloads', 'etcd, PostgreSQL, PgBouncer', props);
    const { platform } = props;
    const { kubectlProvider } = platform.cluster;
    if (kubectlProvider === undefined) throw new Error('the cluster has no kubectl provider to apply charts with');
    // The same cluster as this stack sees it: what is added to the original would become part of the platform's stack.
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: platform.cluster.clusterName, kubectlProvider });
    const manifests = platform.workloadCharts.map((chart) => applyChart(cluster, chart, false));
    manifests.reduce((earlier, later) => {
      later.node.addDependency(earlier);
      return later;
    });
    this.addStackDependency(platform);
  }
}
