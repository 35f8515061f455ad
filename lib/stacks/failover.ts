import { Aws } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { join } from 'node:path';
import { AlertTopic } from '../constructs/alert-topic';
import { FailoverFunction } from '../constructs/failover-function';
import {
  acknowledgeSecret,
  decryptRights,
  doorRights,
  leaseRights,
  loginRights,
  switchRights,
  topicRights,
  type RightsProps,
} from '../constructs/failover-rights';
import { FailoverWorkflow } from '../constructs/failover-workflow';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import { doorSecretName, switchWriterRoleName, topicName, WORKFLOWS } from '../failover/names';
import { failoverSettings } from '../failover/settings';
import { functionTimeout, WORKFLOW_HANDLERS, type WorkflowHandler } from '../failover/workflow-tasks';
import { homeRegion, POOLER_PORT, postgresSecretName } from '../topology/derive';
import { REGION_STATUS_PORT } from '../topology/regions';
import type { RegionFailover } from '../topology/types';
import type { DataProtection } from './data-protection';
import type { Network } from './network';

export interface FailoverProps extends RegionalStackProps {
  readonly failover: RegionFailover;
  readonly network: Network;
  readonly dataProtection: DataProtection;
  /** Where the bundles of the functions are. */
  readonly lambdasDirectory: string;
}

/** Who is asked within the regions' networks; the others talk to AWS only. */
const INSIDE: readonly (WorkflowHandler | 'decider')[] = [
  'decider',
  'precheck',
  'lease',
  'drain',
  'fence',
  'promote',
  'repoint',
  'verify',
  'await-standby',
  'abort',
];
const TELLS: readonly (WorkflowHandler | 'decider')[] = ['approve', 'record', 'notify', 'abort'];

/** What takes over into this region: its functions and two state machines. Refers to nothing of another region, so that it can be changed while one is down. */
export class Failover extends RegionalStack {
  private readonly props: FailoverProps;
  private readonly rights: RightsProps;
  private readonly alerts: AlertTopic;

  constructor(scope: Construct, props: FailoverProps) {
    super(scope, 'failover', 'functions and workflows that take over into this region', props);
    this.props = props;
    const { environment, failover, region } = props;
    this.rights = { environment, failover, region: region.name };
    this.alerts = new AlertTopic(this, 'Alerts', { environment, topicName: topicName(environment), about: `failovers of ${environment.name}` });
    const functions = this.defineFunctions(this.defineSecurityGroup());
    for (const direction of WORKFLOWS)
      new FailoverWorkflow(this, direction === 'failover' ? 'Failover' : 'Failback', {
        environment,
        failover,
        direction,
        functions,
        topic: this.alerts.topic,
        logRetentionDays: region.network.flowLogRetentionDays,
      });
  }

  /** The doors of all regions, the poolers of this one, and AWS. */
  private defineSecurityGroup(): ec2.ISecurityGroup {
    const { environment, region, network } = this.props;
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc: network.vpc, description: 'Functions of the failover', allowAllOutbound: false });
    for (const {
      name,
      network: { vpcCidr },
    } of environment.regions)
      group.addEgressRule(ec2.Peer.ipv4(vpcCidr), ec2.Port.tcp(REGION_STATUS_PORT), `Doors of ${name}`);
    group.addEgressRule(ec2.Peer.ipv4(region.network.vpcCidr), ec2.Port.tcp(POOLER_PORT), 'Poolers of this region');
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS, 'AWS in other regions, and the public entrances');
    return group;
  }

  private defineFunctions(securityGroup: ec2.ISecurityGroup): ReadonlyMap<WorkflowHandler, lambda.IFunction> {
    this.defineFunction('decider', securityGroup);
    return new Map(WORKFLOW_HANDLERS.map((handler) => [handler, this.defineFunction(handler, securityGroup)]));
  }

  private defineFunction(handler: WorkflowHandler | 'decider', securityGroup: ec2.ISecurityGroup): lambda.IFunction {
    const { environment, failover, region, network, lambdasDirectory } = this.props;
    const inside = INSIDE.includes(handler);
    const { role, function: deployed } = new FailoverFunction(
      this,
      handler.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      {
        environment,
        handler,
        code: join(lambdasDirectory, handler === 'switch' && failover.trafficSwitch === 'routingControl' ? 'switch-routing-control' : handler),
        timeout: functionTimeout(handler, failover),
        variables: this.variables(handler),
        statements: this.statements(handler),
        logRetentionDays: region.network.flowLogRetentionDays,
        ...(inside ? { network: { vpc: network.vpc, securityGroup } } : {}),
        ...(handler === 'switch' ? { roleName: switchWriterRoleName(environment, region.name) } : {}),
      },
    );
    if (inside) acknowledgeSecret(role, this.rights, doorSecretName(environment));
    if (handler === 'verify') acknowledgeSecret(role, this.rights, postgresSecretName(environment, homeRegion(environment)));
    return deployed;
  }

  private variables(handler: WorkflowHandler | 'decider'): Readonly<Record<string, string>> {
    const { environment, region } = this.props;
    return {
      HOLDFAST_FAILOVER: JSON.stringify(failoverSettings(environment, region.name, environment.account ?? Aws.ACCOUNT_ID)),
      HOLDFAST_SELF: region.name,
      ...(INSIDE.includes(handler) ? { HOLDFAST_DOOR_SECRET: doorSecretName(environment) } : {}),
      ...(TELLS.includes(handler) ? { HOLDFAST_TOPIC: this.alerts.topic.topicArn } : {}),
      ...(handler === 'verify'
        ? { HOLDFAST_DATABASE_SECRET: postgresSecretName(environment, homeRegion(environment)), HOLDFAST_DATABASE_USER: region.postgres.applicationRole }
        : {}),
    };
  }

  private statements(handler: WorkflowHandler | 'decider'): readonly iam.PolicyStatement[] {
    const { dataProtection, region } = this.props;
    return [
      ...(handler === 'decider' || handler === 'await-standby' ? [] : [leaseRights(this.rights)]),
      // The cluster issues the certificate and keeps it there, under Secrets Manager's own key.
      ...(INSIDE.includes(handler) ? [doorRights(this.rights)] : []),
      ...(handler === 'verify' ? [loginRights(this.rights), decryptRights(dataProtection.key.keyArn, region.name)] : []),
      ...(handler === 'switch' ? switchRights(this.rights) : []),
      ...(TELLS.includes(handler) ? topicRights(this.alerts.topic.topicArn, this.alerts.key.keyArn) : []),
    ];
  }
}
