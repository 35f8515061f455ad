import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface PeerRoutesProps {
  readonly vpc: ec2.IVpc;
  readonly peeringConnectionId: string;
  /** Where the routes lead to: the other VPC's IPv4 CIDR. */
  readonly peerCidr: string;
}

/** One route per route table of the private and isolated subnets to the VPC at the other end of a peering connection. Public subnets hold NAT gateways only and get none. */
export class PeerRoutes extends Construct {
  constructor(scope: Construct, id: string, props: PeerRoutesProps) {
    super(scope, id);
    for (const [tier, subnets] of [['Private', props.vpc.privateSubnets] as const, ['Isolated', props.vpc.isolatedSubnets] as const]) {
      subnets.forEach((subnet, index) => {
        new ec2.CfnRoute(this, `${tier}${index + 1}`, {
          routeTableId: subnet.routeTable.routeTableId,
          destinationCidrBlock: props.peerCidr,
          vpcPeeringConnectionId: props.peeringConnectionId,
        });
      });
    }
  }
}
