import { RemovalPolicy } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Chart } from 'cdk8s';

/**
 * Applies a chart at deployment.
 * @param retain whether its objects stay in the cluster when the stack is deleted
 */
export const applyChart = (cluster: eks.ICluster, chart: Chart, retain: boolean): eks.KubernetesManifest =>
  cluster.addCdk8sChart(`Chart-${chart.node.id}`, chart, { removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY });
