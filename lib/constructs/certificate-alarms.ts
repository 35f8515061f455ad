import { Duration } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { CERTIFICATE_LEVELS } from '../services/certificate-alerts';
import { ACME_DEFAULTS } from '../topology/defaults';
import type { Environment } from '../topology/types';
import { ToldAlarm } from './told-alarm';

const SECONDS_OF_A_DAY = 86_400;
/** ACM reports twice a day: a day without a report may be the first one, two are a silence. */
const SILENT_DAYS = 2;

export interface CertificateAlarmsProps {
  readonly environment: Environment;
  readonly certificate: acm.ICertificate;
  /** Whose it is: part of the alarms' names, unique in the region. */
  readonly of: 'entrance' | 'edge';
  readonly topic: sns.ITopic;
}

/**
 * One alarm for each threshold at which somebody is told that a certificate of ACM ends. ACM renews by itself, 60 to 45 days before; that it has not is the news. ACM stops
 * reporting when a certificate has expired: the later alarms then stay as they are, and the first one also rings when nothing is reported.
 */
export class CertificateAlarms extends Construct {
  private readonly props: CertificateAlarmsProps;

  constructor(scope: Construct, id: string, props: CertificateAlarmsProps) {
    super(scope, id);
    this.props = props;
    for (const [level, severity] of CERTIFICATE_LEVELS) this.tell(level, severity);
  }

  private tell(level: (typeof CERTIFICATE_LEVELS)[number][0], severity: string): void {
    const { environment, certificate, of, topic } = this.props;
    const days = ACME_DEFAULTS.thresholds[level] / SECONDS_OF_A_DAY;
    const first = level === 'warning';
    const silent = first ? `, or ACM has not reported it for ${SILENT_DAYS} days` : '';
    new ToldAlarm(this, level.charAt(0).toUpperCase() + level.slice(1), {
      topic,
      alarmName: `holdfast-${environment.name}-certificate-${of}-${level}`,
      alarmDescription: `${severity}: the certificate of the ${of} of ${environment.name} ends within ${days} days${silent} (docs/certificates.md#alarms)`,
      metric: certificate.metricDaysToExpiry({ period: Duration.days(1), statistic: 'Minimum' }),
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: days,
      evaluationPeriods: first ? SILENT_DAYS : 1,
      treatMissingData: first ? cloudwatch.TreatMissingData.BREACHING : cloudwatch.TreatMissingData.IGNORE,
    });
  }
}
