import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { applyChart } from '../constructs/chart-manifest';
import { GatewayBinding } from '../constructs/gateway-binding';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import { publicWorkloads } from '../topology/gateway';
import type { Entrance } from './entrance';
import type { Platform } from './platform';

export interface WorkloadsProps extends RegionalStackProps {
  readonly platform: Platform;
  /** The public load balancer; none without names. */
  readonly entrance: Entrance | undefined;
}

/** The charts of etcd, PostgreSQL and the pooler, applied in the order in which each finds what it needs. */
export class Workloads extends RegionalStack {
  constructor(scope: Construct, props: WorkloadsProps) {
    super(scope, 'workloads', 'etcd, PostgreSQL, PgBouncer', props);
    const { platform, entrance, environment } = props;
    const { kubectlProvider } = platform.cluster;
    if (kubectlProvider === undefined) throw new Error('the cluster has no kubectl provider to apply charts with');
    // The same cluster as this stack sees it: what is added to the original would become part of the platform's stack.
    const cluster = eks.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: platform.cluster.clusterName, kubectlProvider });
    const manifests = platform.workloadCharts.map((chart) => applyChart(cluster, chart, false));
    const last = manifests.reduce((earlier, later) => {
      later.node.addDependency(earlier);
      return later;
    });
    if (entrance !== undefined && publicWorkloads(environment).length > 0) {
      new GatewayBinding(this, 'GatewayBinding', { cluster, targetGroupArn: entrance.targetGroupArn, securityGroup: entrance.securityGroup, after: [last] });
    }
    this.addStackDependency(platform);
  }
}
