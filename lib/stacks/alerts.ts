import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertTopic } from '../constructs/alert-topic';
import { EnvironmentStack } from '../constructs/environment-stack';
import { alertTopicName } from '../topology/derive';
import type { Environment } from '../topology/types';

export interface AlertsProps {
  readonly environment: Environment;
  readonly regionName: string;
}

/** Whom a region's alarms tell. Comes before whatever has one. */
export class Alerts extends EnvironmentStack {
  readonly alerts: AlertTopic;

  constructor(scope: Construct, { environment, regionName }: AlertsProps) {
    super(scope, 'alerts', 'topic that alarms are sent to', { environment, regionName });
    this.alerts = new AlertTopic(this, 'Alerts', { environment, topicName: alertTopicName(environment), about: `${environment.name} in ${regionName}` });
    new CfnOutput(this, 'TopicArn', { value: this.alerts.topic.topicArn });
  }
}
