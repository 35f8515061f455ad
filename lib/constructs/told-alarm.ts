import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface ToldAlarmProps extends cloudwatch.AlarmProps {
  readonly topic: sns.ITopic;
}

/** An alarm of which a topic is told twice: when it rings, and when it is over. */
export class ToldAlarm extends cloudwatch.Alarm {
  constructor(scope: Construct, id: string, props: ToldAlarmProps) {
    super(scope, id, props);
    this.addAlarmAction(new SnsAction(props.topic));
    this.addOkAction(new SnsAction(props.topic));
  }
}
