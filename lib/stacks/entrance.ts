import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PublicEntrance } from '../constructs/public-entrance';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import type { Dns } from '../topology/types';
import type { Network } from './network';

export interface EntranceProps extends RegionalStackProps {
  readonly dns: Dns;
  readonly network: Network;
}

/** How clients come into the region. */
export class Entrance extends RegionalStack {
  /** The output with the ARN of the group that the application's pods belong in. */
  static readonly TARGET_GROUP_OUTPUT = 'TargetGroupArn';
  /** Where the gateway's pods are registered. */
  readonly targetGroupArn: string;
  /** Of the load balancer, which has to be let in to them. */
  readonly securityGroup: string;

  constructor(scope: Construct, props: EntranceProps) {
    super(scope, 'entrance', 'public load balancer, its certificate and its name', props);
    const { environment, dns, region, network } = props;
    const { targetGroupArn, securityGroup } = new PublicEntrance(this, 'Public', { environment, dns, region, vpc: network.vpc });
    this.targetGroupArn = targetGroupArn;
    this.securityGroup = securityGroup;
    new CfnOutput(this, Entrance.TARGET_GROUP_OUTPUT, { value: targetGroupArn });
  }
}
