import { Aws, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as fis from 'aws-cdk-lib/aws-fis';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DRILL_TAG, DRILL_TIMES } from '../operations/drills/settings';
import { homeRegion } from '../topology/derive';
import type { Environment } from '../topology/types';
import { acknowledge, acknowledgeWildcard } from './acknowledge';
import { clusterName } from './names';

export interface DrillExperimentsProps {
  readonly environment: Environment;
  readonly vpc: ec2.IVpc;
  /** ARNs of the alarms that stop an experiment. */
  readonly stopAlarms: readonly string[];
}

/** What the Fault Injection Service can break, each with an end of its own: one node, or one AZ's networks. Stopped by every alarm that stops a drill. */
export class DrillExperiments extends Construct {
  readonly nodeLoss: fis.CfnExperimentTemplate;
  /** By AZ. */
  readonly zones: ReadonlyMap<string, fis.CfnExperimentTemplate>;
  private readonly role: iam.Role;
  private readonly props: DrillExperimentsProps;

  constructor(scope: Construct, id: string, props: DrillExperimentsProps) {
    super(scope, id);
    this.props = props;
    this.role = this.defineRole();
    this.nodeLoss = this.loseNode();
    this.zones = new Map(homeRegion(props.environment).zones.map((zone) => [zone, this.cutZone(zone)]));
  }

  private defineRole(): iam.Role {
    const { environment } = this.props;
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('fis.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } } }),
      description: `Breaks what a drill of ${environment.name} breaks: a node that carries its tag, or an AZ's networks`,
    });
    const stack = Stack.of(this);
    const instances = stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' });
    const tagged = { 'aws:ResourceTag/eks:cluster-name': clusterName(environment), [`aws:ResourceTag/${DRILL_TAG}`]: environment.name };
    role.addToPolicy(new iam.PolicyStatement({ actions: ['ec2:TerminateInstances'], resources: [instances], conditions: { StringEquals: tagged } }));
    acknowledgeWildcard(role, instances, "Only instances of this cluster that carry the drill's tag: the condition says so.");
    this.letCutNetworks(role);
    return role;
  }

  /** What FIS documents for `aws:network:disrupt-connectivity`: it puts its own network ACL before the subnets, and the old one back. */
  private letCutNetworks(role: iam.Role): void {
    const stack = Stack.of(this);
    const { vpc } = this.props;
    const acls = stack.formatArn({ service: 'ec2', resource: 'network-acl', resourceName: '*' });
    const vpcArn = stack.formatArn({ service: 'ec2', resource: 'vpc', resourceName: vpc.vpcId });
    const subnets = vpc.privateSubnets.map(({ subnetId }) => stack.formatArn({ service: 'ec2', resource: 'subnet', resourceName: subnetId }));
    const managed = { StringEquals: { 'aws:ResourceTag/managedByFIS': 'true' } };
    const requested = { StringEquals: { 'aws:RequestTag/managedByFIS': 'true' } };
    const allow = (actions: readonly string[], resources: readonly string[], conditions?: Record<string, Record<string, string>>): void =>
      void role.addToPolicy(new iam.PolicyStatement({ actions: [...actions], resources: [...resources], ...(conditions === undefined ? {} : { conditions }) }));
    allow(['ec2:CreateTags'], [acls], { StringEquals: { 'ec2:CreateAction': 'CreateNetworkAcl', 'aws:RequestTag/managedByFIS': 'true' } });
    allow(['ec2:CreateNetworkAcl'], [acls], requested);
    allow(['ec2:CreateNetworkAcl'], [vpcArn]);
    allow(['ec2:CreateNetworkAclEntry', 'ec2:DeleteNetworkAcl'], [acls], managed);
    allow(['ec2:ReplaceNetworkAclAssociation'], [...subnets, acls]);
    const looks = [
      'ec2:DescribeInstances',
      'ec2:DescribeVpcs',
      'ec2:DescribeSubnets',
      'ec2:DescribeNetworkAcls',
      'ec2:DescribeManagedPrefixLists',
      'cloudwatch:DescribeAlarms',
    ];
    allow(looks, ['*']);
    acknowledgeWildcard(role, acls, 'Network ACLs that FIS makes for the experiment have no names yet; it may change only those that carry its tag.');
    acknowledge(role, 'AwsSolutions-IAM5[Resource::*]', 'These calls only look, and know no resources.');
  }

  private template(id: string, description: string, parts: Pick<fis.CfnExperimentTemplateProps, 'actions' | 'targets'>): fis.CfnExperimentTemplate {
    const { environment, stopAlarms } = this.props;
    return new fis.CfnExperimentTemplate(this, id, {
      description,
      roleArn: this.role.roleArn,
      stopConditions: stopAlarms.map((value) => ({ source: 'aws:cloudwatch:alarm', value })),
      // Nothing to hit is a mistake, not a success.
      experimentOptions: { accountTargeting: 'single-account', emptyTargetResolutionMode: 'fail' },
      tags: { Name: `holdfast-${environment.name}-${id.toLowerCase()}`, 'holdfast:environment': environment.name },
      ...parts,
    });
  }

  private loseNode(): fis.CfnExperimentTemplate {
    const { environment } = this.props;
    return this.template('Node', `One node of ${environment.name} is terminated: the one that carries the tag ${DRILL_TAG}`, {
      targets: {
        node: {
          resourceType: 'aws:ec2:instance',
          resourceTags: { 'eks:cluster-name': clusterName(environment), [DRILL_TAG]: environment.name },
          filters: [{ path: 'State.Name', values: ['running'] }],
          selectionMode: 'COUNT(1)',
        },
      },
      actions: { terminate: { actionId: 'aws:ec2:terminate-instances', targets: { Instances: 'node' } } },
    });
  }

  private cutZone(zone: string): fis.CfnExperimentTemplate {
    const { environment, vpc } = this.props;
    const subnets = vpc.selectSubnets({ subnets: vpc.privateSubnets.filter(({ availabilityZone }) => availabilityZone === zone) }).subnetIds;
    const resourceArns = subnets.map((id) => Stack.of(this).formatArn({ service: 'ec2', resource: 'subnet', resourceName: id }));
    return this.template(`Zone${zone.replace(/-/g, '')}`, `The networks of ${zone} in ${environment.name} are cut off for ${DRILL_TIMES.fault} s`, {
      targets: { subnets: { resourceType: 'aws:ec2:subnet', resourceArns, selectionMode: 'ALL' } },
      actions: {
        cut: {
          actionId: 'aws:network:disrupt-connectivity',
          parameters: { duration: `PT${DRILL_TIMES.fault}S`, scope: 'all' },
          targets: { Subnets: 'subnets' },
        },
      },
    });
  }
}
