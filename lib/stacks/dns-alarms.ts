import { Fn } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AlertTopic } from '../constructs/alert-topic';
import { DnsAlarmSet } from '../constructs/dns-alarm-set';
import { EnvironmentStack } from '../constructs/environment-stack';
import type { Environment } from '../topology/types';
import type { Traffic } from './traffic';

/** The only region with metrics of Route 53's health checks. */
export const HEALTH_CHECK_METRICS_REGION = 'us-east-1';

export interface DnsAlarmsProps {
  readonly environment: Environment;
  readonly traffic: Traffic;
  /** In the region with the metrics. */
  readonly alerts: AlertTopic;
}

/** Alarms on the health checks. When this region is lost they are silent, and DNS answers all the same. */
export class DnsAlarms extends EnvironmentStack {
  constructor(scope: Construct, { environment, traffic, alerts }: DnsAlarmsProps) {
    super(scope, 'dns-alarms', 'alarms on health checks', { environment, regionName: HEALTH_CHECK_METRICS_REGION });
    const checkIdOf = (check: string): string => Fn.getStackOutput(traffic.stackName, check, traffic.regionName);
    new DnsAlarmSet(this, 'Alarms', { environment, checkIdOf, topic: alerts.topic });
    this.addStackDependency(traffic);
  }
}
