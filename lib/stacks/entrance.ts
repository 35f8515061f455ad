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

  constructor(scope: Construct, props: EntranceProps) {
    super(scope, 'entrance', 'public load balancer, its certificate and its name', props);
    const { environment, dns, region, network } = props;
    const { targetGroupArn } = new PublicEntrance(this, 'Public', { environment, dns, region, vpc: network.vpc });
    new CfnOutput(this, Entrance.TARGET_GROUP_OUTPUT, { value: targetGroupArn });
  }
}
