import { CfnOutput } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { PrivateNetwork } from '../constructs/private-network';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';

/** The region's network. Refers to no other region, so that it can be updated while another region is down; peering is a stack of its own. */
export class Network extends RegionalStack {
  /** The output that a peering stack of another region reads. */
  static readonly VPC_ID_OUTPUT = 'VpcId';
  readonly vpc: ec2.IVpc;

  constructor(scope: Construct, props: RegionalStackProps) {
    super(scope, 'network', 'VPC, flow logs, endpoints', props);
    this.vpc = new PrivateNetwork(this, 'Network', props).vpc;
    new CfnOutput(this, Network.VPC_ID_OUTPUT, { value: this.vpc.vpcId });
  }
}
