import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { drillAlarmName, DRILL_NAMESPACE } from '../operations/drills/settings';
import { drillRunner } from '../topology/drill-runners';
import type { Environment } from '../topology/types';

export interface DrillAlarmsProps {
  readonly environment: Environment;
  readonly topic: sns.ITopic;
}

/** An outage of twice what is promised is no drill any more. */
const PATIENCE = 2;
const LEAST_SECONDS = 30;
/** The register is looked at every six hours; so many looks without a figure are a register that is broken. */
const LOOK = Duration.hours(6);
const LOOKS = 2;

/** What stops a drill, and what says that a proof has grown stale: also when nothing says anything. */
export class DrillAlarms extends Construct {
  readonly writes: cloudwatch.IAlarm;

  constructor(scope: Construct, id: string, props: DrillAlarmsProps) {
    super(scope, id);
    const { environment, topic } = props;
    this.writes = this.stopOnOutage(environment, topic);
    for (const { drill } of environment.drills) this.ringWhenStale(environment, drill, topic);
  }

  private stopOnOutage(environment: Environment, topic: sns.ITopic): cloudwatch.IAlarm {
    const promises = environment.drills.flatMap(({ drill }) =>
      drillRunner(environment, drill).kind === 'exercise' ? [] : [environment.objectives[drill].rto],
    );
    const threshold = Math.max(LEAST_SECONDS, ...promises.map((rto) => rto * PATIENCE));
    const alarm = new cloudwatch.Alarm(this, 'Writes', {
      alarmName: drillAlarmName(environment),
      alarmDescription: `SEV-2: during a drill of ${environment.name} nothing was acknowledged for ${threshold} s: it is stopped (docs/scheduled-drills.md#alarms)`,
      metric: new cloudwatch.Metric({
        namespace: DRILL_NAMESPACE,
        metricName: 'SecondsWithoutWrite',
        dimensionsMap: { Environment: environment.name },
        statistic: 'Maximum',
        period: Duration.seconds(10),
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold,
      evaluationPeriods: 1,
      // Only a drill writes: between drills there is nothing to see, and nothing is wrong.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    return alarm;
  }

  private ringWhenStale(environment: Environment, drill: string, topic: sns.ITopic): void {
    const alarm = new cloudwatch.Alarm(this, `Stale-${drill}`, {
      alarmName: `holdfast-${environment.name}-proof-${drill}`,
      alarmDescription: `SEV-3: that ${environment.name} survives ${drill} is not proved, or the proof is stale (docs/scheduled-drills.md#alarms)`,
      metric: new cloudwatch.Metric({
        namespace: DRILL_NAMESPACE,
        metricName: 'ProofStandsFor',
        dimensionsMap: { Environment: environment.name, Drill: drill },
        statistic: 'Minimum',
        period: LOOK,
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 0,
      evaluationPeriods: LOOKS,
      datapointsToAlarm: 1,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
  }
}
