import { Aws, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { join } from 'node:path';
import { acknowledge } from '../constructs/acknowledge';
import { AlertTopic } from '../constructs/alert-topic';
import { EnvironmentStack } from '../constructs/environment-stack';
import { FailoverFunction } from '../constructs/failover-function';
import { deciderRights, leaseRights, topicRights } from '../constructs/failover-rights';
import { functionName, stateMachineName, topicName } from '../failover/names';
import { failoverSettings } from '../failover/settings';
import { homeRegion } from '../topology/derive';
import type { Environment, RegionFailover } from '../topology/types';

export interface WitnessProps {
  readonly environment: Environment;
  readonly failover: RegionFailover;
  readonly lambdasDirectory: string;
}

/** Minutes without a single look until somebody is called: nobody would decide anything. */
const SILENCE = 3;
/** Its looks end after 57 s. Seconds. */
const DECIDER_TIMEOUT = 60;
const LOG_DAYS = 90;

/** Decides whether the home region is lost, from outside of all regions with workloads. */
export class Witness extends EnvironmentStack {
  private readonly props: WitnessProps;

  constructor(scope: Construct, props: WitnessProps) {
    super(scope, 'witness', 'decides whether the home region is lost', { environment: props.environment, regionName: props.failover.witness });
    this.props = props;
    const alerts = this.tellPeople();
    const decider = this.defineDecider(alerts);
    this.schedule(decider);
    this.alarm(alerts);
  }

  private tellPeople(): AlertTopic {
    const { environment } = this.props;
    return new AlertTopic(this, 'Alerts', { environment, topicName: topicName(environment), about: `failovers of ${environment.name}` });
  }

  private defineDecider(alerts: AlertTopic): lambda.IFunction {
    const { environment, failover, lambdasDirectory } = this.props;
    const rights = { environment, failover, region: failover.witness };
    const standby = environment.regions.find((region) => region.role === 'standby') ?? homeRegion(environment);
    const { role, function: decider } = new FailoverFunction(this, 'Decider', {
      environment,
      handler: 'decider',
      code: join(lambdasDirectory, 'decider'),
      timeout: DECIDER_TIMEOUT,
      variables: {
        // The target is whichever region does not hold the lease at that moment; the settings name the first that it can be.
        HOLDFAST_FAILOVER: JSON.stringify(failoverSettings(environment, standby.name, environment.account ?? Aws.ACCOUNT_ID)),
        HOLDFAST_SELF: failover.witness,
        HOLDFAST_TOPIC: alerts.topic.topicArn,
        HOLDFAST_MACHINES: JSON.stringify(Object.fromEntries(environment.regions.map((region) => [region.name, this.machineArn(region.name)]))),
      },
      statements: [leaseRights(rights), ...deciderRights(rights), ...topicRights(alerts.topic.topicArn, alerts.key.keyArn)],
      logRetentionDays: LOG_DAYS,
    });
    for (const { name } of environment.regions) {
      const executions = `arn:<AWS::Partition>:states:${name}:<AWS::AccountId>:execution:${stateMachineName(environment, 'failover')}:*`;
      const account = environment.account;
      acknowledge(
        role,
        `AwsSolutions-IAM5[Resource::${account === null ? executions : executions.replace('<AWS::AccountId>', account)}]`,
        'Executions of one state machine: each has a name of its own, which is known only when it is started.',
      );
    }
    return decider;
  }

  private machineArn(region: string): string {
    const { environment } = this.props;
    return `arn:${Aws.PARTITION}:states:${region}:${environment.account ?? Aws.ACCOUNT_ID}:stateMachine:${stateMachineName(environment, 'failover')}`;
  }

  /** Every minute; the function itself looks more often. A call that failed is not repeated: the next one comes. */
  private schedule(decider: lambda.IFunction): void {
    const { environment } = this.props;
    const role = new iam.Role(this, 'ScheduleRole', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': environment.account ?? Aws.ACCOUNT_ID } },
      }),
      description: `Starts the decider of ${environment.name} every minute`,
    });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [decider.functionArn] }));
    new scheduler.CfnSchedule(this, 'Schedule', {
      name: functionName(environment, 'decider'),
      description: `Is the home region of ${environment.name} lost?`,
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: { arn: decider.functionArn, roleArn: role.roleArn, retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 } },
    });
  }

  /** Who is dead tells nobody: silence is the alarm. */
  private alarm(alerts: AlertTopic): void {
    const { environment } = this.props;
    const alarm = new cloudwatch.Alarm(this, 'Silent', {
      alarmName: `holdfast-${environment.name}-decider-silent`,
      alarmDescription: `SEV-1: nobody has looked for ${SILENCE} min whether the home region of ${environment.name} is lost (docs/failover.md#the-decider-is-silent)`,
      metric: new cloudwatch.Metric({
        namespace: 'Holdfast',
        metricName: 'DeciderLooks',
        dimensionsMap: { environment: environment.name },
        statistic: 'Sum',
        period: Duration.minutes(1),
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: SILENCE,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
    alarm.addAlarmAction(new actions.SnsAction(alerts.topic));
  }
}
