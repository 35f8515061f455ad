import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { Chart } from 'cdk8s';

/** What the custom resource that applies a chart can carry, with room for what CDK adds; CloudFormation takes 256 KB in one event. */
const LARGEST_MANIFEST_BYTES = 200_000;

/**
 * Applies a chart at deployment.
 * @param retain whether its objects stay in the cluster when the stack is deleted
 * @throws Error when the chart is larger than 200 KB
 */
export const applyChart = (cluster: eks.ICluster, chart: Construct, retain: boolean): eks.KubernetesManifest => {
  if (!(chart instanceof Chart)) throw new Error(`${chart.node.path} is not a cdk8s chart`);
  const bytes = Buffer.byteLength(JSON.stringify(Stack.of(cluster).resolve(chart.toJson())));
  if (bytes > LARGEST_MANIFEST_BYTES) throw new Error(`the chart "${chart.node.id}" has ${bytes} bytes, ${LARGEST_MANIFEST_BYTES} can be applied in one piece: split it`);
  return cluster.addCdk8sChart(`Chart-${chart.node.id}`, chart, { removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY });
};
