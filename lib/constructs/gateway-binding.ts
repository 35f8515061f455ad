import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct, type IDependable } from 'constructs';
import { APPLICATION_NAMESPACE } from '../topology/derive';
import { GATEWAY, GATEWAY_PORT } from '../topology/gateway';

export interface GatewayBindingProps {
  readonly cluster: eks.ICluster;
  readonly targetGroupArn: string;
  /** Of the load balancer. */
  readonly securityGroup: string;
  /** The gateway's Service, and what it needs. */
  readonly after: readonly IDependable[];
}

/** The gateway's pods are the targets of the public load balancer: the AWS Load Balancer Controller registers them when they are ready, and lets the load balancer in to them. */
export class GatewayBinding extends Construct {
  constructor(scope: Construct, id: string, props: GatewayBindingProps) {
    super(scope, id);
    const { cluster, targetGroupArn, securityGroup, after } = props;
    const manifest = cluster.addManifest('GatewayTargets', {
      apiVersion: 'elbv2.k8s.aws/v1beta1',
      kind: 'TargetGroupBinding',
      metadata: { name: GATEWAY, namespace: APPLICATION_NAMESPACE },
      spec: {
        targetGroupARN: targetGroupArn,
        targetType: 'ip',
        serviceRef: { name: GATEWAY, port: GATEWAY_PORT },
        networking: { ingress: [{ from: [{ securityGroup: { groupID: securityGroup } }], ports: [{ protocol: 'TCP', port: GATEWAY_PORT }] }] },
      },
    });
    manifest.node.addDependency(...after);
  }
}
