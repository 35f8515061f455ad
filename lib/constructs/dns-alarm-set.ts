import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { dnsTree } from '../failover/routing';
import type { Environment } from '../topology/types';
import { ToldAlarm } from './told-alarm';

/** A check that changes its mind for one minute is no news. */
const LOOKS = 3;

export interface DnsAlarmSetProps {
  readonly environment: Environment;
  /** The Route 53 id of one of the tree's checks. */
  readonly checkIdOf: (check: string) => string;
  readonly topic: sns.ITopic;
}

/** One alarm per region that is not ready, and one per region that took over. */
export class DnsAlarmSet extends Construct {
  private readonly props: DnsAlarmSetProps;

  constructor(scope: Construct, id: string, props: DnsAlarmSetProps) {
    super(scope, id);
    this.props = props;
    const { name } = props.environment;
    const { readiness, takeovers } = dnsTree(props.environment);
    for (const { id: check, region } of readiness) {
      this.whileUnhealthy(
        check,
        LOOKS,
        `region-not-ready-${region}`,
        `SEV-2: the entrance of ${region} of ${name} has not been ready for ${LOOKS} min (docs/dns.md#alarms)`,
      );
    }
    for (const { id: check, region } of takeovers) {
      this.whileUnhealthy(check, 1, `traffic-taken-over-by-${region}`, `SEV-1: clients of ${name} are sent to ${region}, which took over (docs/dns.md#alarms)`);
    }
  }

  /** @param name its id: stable, and part of its name in every environment */
  private whileUnhealthy(check: string, minutes: number, name: string, alarmDescription: string): void {
    new ToldAlarm(this, check, {
      topic: this.props.topic,
      alarmName: `holdfast-${this.props.environment.name}-${name}`,
      alarmDescription,
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Route53',
        metricName: 'HealthCheckStatus',
        dimensionsMap: { HealthCheckId: this.props.checkIdOf(check) },
        statistic: 'Minimum',
        period: Duration.minutes(1),
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: minutes,
      // Route 53 reports every minute. Silence means that nobody looks any more.
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
  }
}
