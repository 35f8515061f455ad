import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AlertTopic } from '../constructs/alert-topic';
import { CertificateAlarms } from '../constructs/certificate-alarms';
import { PublicEntrance } from '../constructs/public-entrance';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import type { Dns } from '../topology/types';
import type { Network } from './network';

export interface EntranceProps extends RegionalStackProps {
  readonly dns: Dns;
  readonly network: Network;
  readonly alerts: AlertTopic;
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
    const { environment, dns, region, network, alerts } = props;
    const { targetGroupArn, securityGroup, certificate } = new PublicEntrance(this, 'Public', { environment, dns, region, vpc: network.vpc });
    new CertificateAlarms(this, 'CertificateAlarms', { environment, certificate, of: 'entrance', topic: alerts.topic });
    this.targetGroupArn = targetGroupArn;
    this.securityGroup = securityGroup;
    new CfnOutput(this, Entrance.TARGET_GROUP_OUTPUT, { value: targetGroupArn });
  }
}
