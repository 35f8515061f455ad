import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RoutingControls, StopQuorum, type TrafficSwitch } from '../constructs/dns-switch';
import { DnsRecords } from '../constructs/dns-tree';
import { EnvironmentStack } from '../constructs/environment-stack';
import { homeRegion } from '../topology/derive';
import type { Dns, Environment } from '../topology/types';

export interface TrafficProps {
  readonly environment: Environment;
  readonly dns: Dns;
}

/** Where the DNS tree is deployed: outside the workload regions, where there is such a place. Route 53 itself is global, and answers without any stack. */
export const trafficRegion = (environment: Environment): string => environment.failover?.witness ?? homeRegion(environment).name;

/** Which region clients are sent to. */
export class Traffic extends EnvironmentStack {
  /** The health checks of the tree, by the tree's ids. Each one's Route 53 id is an output of that name. */
  readonly checks: readonly string[];

  constructor(scope: Construct, { environment, dns }: TrafficProps) {
    super(scope, 'traffic', 'DNS records and health checks', { environment, regionName: trafficRegion(environment) });
    const { checkIds } = new DnsRecords(this, 'Dns', { environment, dns, trafficSwitch: this.defineSwitch(environment, dns) });
    this.checks = [...checkIds.keys()];
    for (const [check, id] of checkIds) new CfnOutput(this, check, { value: id });
  }

  private defineSwitch(environment: Environment, dns: Dns): TrafficSwitch | null {
    const { failover } = environment;
    if (failover === null) return null;
    return failover.trafficSwitch === 'stopQuorum'
      ? new StopQuorum(this, 'Switch', { environment, dns, failover })
      : new RoutingControls(this, 'Switch', { environment });
  }
}
