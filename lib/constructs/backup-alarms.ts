import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { backupStanza } from '../topology/derive';
import type { Environment } from '../topology/types';
import { ToldAlarm } from './told-alarm';

/** How long nothing may be written to the archive: three looks of five minutes, and never less than three forced segments. */
const ARCHIVE_LOOK_MINUTES = 5;
const ARCHIVE_LOOKS = 3;

export interface BackupAlarmsProps {
  readonly environment: Environment;
  readonly bucket: s3.IBucket;
  readonly topic: sns.ITopic;
}

/**
 * Alarms on what the store itself counts: objects written below a prefix. A silence is the alarm (missing data counts as breaching), so it also rings when the job,
 * the cluster or the whole database is gone, and nothing has to report its own absence.
 */
export class BackupAlarms extends Construct {
  private readonly topic: sns.ITopic;

  constructor(scope: Construct, id: string, props: BackupAlarmsProps) {
    super(scope, id);
    this.topic = props.topic;
    const stanza = backupStanza(props.environment);
    const hours = Math.max(1, Math.ceil(props.environment.backups.newestVerifiedMaxAge / 3600));
    this.silence(props.bucket, 'verified', `pgbackrest/verified/${stanza}/`, {
      description: `SEV-2: no backup of ${props.environment.name} has been verified for ${hours} h (docs/backups.md#alarms)`,
      period: Duration.hours(1),
      periods: hours,
    });
    this.silence(props.bucket, 'archived', `pgbackrest/archive/${stanza}/`, {
      description: `SEV-2: nothing of ${props.environment.name} has been archived for ${ARCHIVE_LOOK_MINUTES * ARCHIVE_LOOKS} min (docs/backups.md#alarms)`,
      period: Duration.minutes(ARCHIVE_LOOK_MINUTES),
      periods: ARCHIVE_LOOKS,
    });
  }

  private silence(bucket: s3.IBucket, filter: string, prefix: string, alarm: { description: string; period: Duration; periods: number }): void {
    const resource = bucket.node.defaultChild;
    if (!(resource instanceof s3.CfnBucket)) throw new Error('the backup bucket has no CloudFormation resource to configure');
    const configured = Array.isArray(resource.metricsConfigurations) ? resource.metricsConfigurations : [];
    resource.metricsConfigurations = [...configured, { id: filter, prefix }];
    new ToldAlarm(this, `No${filter.charAt(0).toUpperCase()}${filter.slice(1)}`, {
      topic: this.topic,
      alarmDescription: alarm.description,
      metric: new cloudwatch.Metric({
        namespace: 'AWS/S3',
        metricName: 'PutRequests',
        dimensionsMap: { BucketName: bucket.bucketName, FilterId: filter },
        statistic: 'Sum',
        period: alarm.period,
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: alarm.periods,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
  }
}
