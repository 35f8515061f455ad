import { Duration, Stack, Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IDependable } from 'constructs';
import { acknowledge } from './acknowledge';
import { PodIdentityRole } from './pod-identity';

/** The chart's version, which brings version 2.14 of the controller. */
const CHART_VERSION = '1.14.0';
const NAMESPACE = 'kube-system';
const NAME = 'aws-load-balancer-controller';
/** On target groups that a cluster's pods are registered in, with the cluster's name. */
export const BOUND_TO = 'holdfast:bound-to';
/** The controller puts it on everything that it makes for Services. */
const OWNED = 'elbv2.k8s.aws/cluster';

export interface LoadBalancerControllerProps {
  readonly cluster: eks.ICluster;
  readonly vpc: ec2.IVpc;
  /** What must be there first: the nodes. */
  readonly after: readonly IDependable[];
}

/** The AWS Load Balancer Controller: makes the internal Network Load Balancers at whose addresses other regions reach this one, and keeps the public one's targets. For Services only, not for Ingresses. */
export class LoadBalancerController extends Construct {
  /** Installed when this is done: Services come after it, or would be left to Kubernetes' own, older code. */
  readonly release: eks.HelmChart;
  private readonly props: LoadBalancerControllerProps;

  constructor(scope: Construct, id: string, props: LoadBalancerControllerProps) {
    super(scope, id);
    this.props = props;
    const role = this.defineRole();
    const association = new CfnPodIdentityAssociation(this, 'Association', {
      clusterName: props.cluster.clusterName,
      namespace: role.namespace,
      serviceAccount: role.serviceAccount,
      roleArn: role.roleArn,
    });
    this.release = this.install(association);
  }

  private defineRole(): PodIdentityRole {
    const role = new PodIdentityRole(this, 'Role', { namespace: NAMESPACE, serviceAccount: NAME, description: 'Makes the Network Load Balancers of Services' });
    this.allowLooking(role);
    this.allowBalancers(role);
    this.allowSecurityGroups(role);
    this.allowTargets(role);
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'Looking has no resource; making and changing is bound to this cluster by the tags that the controller sets.',
    );
    return role;
  }

  /** The part of the controller's published policy that Network Load Balancers of Services need. */
  private allowLooking(role: iam.Role): void {
    const ec2Reads = ['AvailabilityZones', 'SecurityGroups', 'Subnets', 'Vpcs', 'Instances', 'NetworkInterfaces', 'Tags', 'AccountAttributes', 'Addresses'];
    const balancerReads = [
      'LoadBalancers',
      'LoadBalancerAttributes',
      'Listeners',
      'ListenerAttributes',
      'TargetGroups',
      'TargetGroupAttributes',
      'TargetHealth',
      'Tags',
      'Rules',
    ];
    const actions = [...ec2Reads.map((what) => `ec2:Describe${what}`), ...balancerReads.map((what) => `elasticloadbalancing:Describe${what}`)];
    role.addToPolicy(new iam.PolicyStatement({ actions, resources: ['*'] }));
  }

  private allowBalancers(role: iam.Role): void {
    const { clusterName } = this.props.cluster;
    const create = ['CreateLoadBalancer', 'CreateTargetGroup', 'CreateListener', 'AddTags'];
    role.addToPolicy(
      new iam.PolicyStatement({ actions: named(create), resources: ['*'], conditions: { StringEquals: { [`aws:RequestTag/${OWNED}`]: clusterName } } }),
    );
    const change = [
      ...['CreateListener', 'ModifyLoadBalancerAttributes', 'SetIpAddressType', 'SetSecurityGroups', 'SetSubnets', 'DeleteLoadBalancer'],
      ...['ModifyListener', 'ModifyListenerAttributes', 'DeleteListener', 'ModifyTargetGroup', 'ModifyTargetGroupAttributes', 'DeleteTargetGroup'],
      ...['RegisterTargets', 'DeregisterTargets', 'AddTags', 'RemoveTags'],
    ];
    role.addToPolicy(
      new iam.PolicyStatement({ actions: named(change), resources: ['*'], conditions: { StringEquals: { [`aws:ResourceTag/${OWNED}`]: clusterName } } }),
    );
  }

  /** The public load balancer's targets, which CloudFormation made: pods come and go in them, and nothing else about them is the controller's. */
  private allowTargets(role: iam.Role): void {
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: named(['RegisterTargets', 'DeregisterTargets']),
        resources: ['*'],
        conditions: { StringEquals: { [`aws:ResourceTag/${BOUND_TO}`]: this.props.cluster.clusterName } },
      }),
    );
  }

  private allowSecurityGroups(role: iam.Role): void {
    const { clusterName } = this.props.cluster;
    const stack = Stack.of(this);
    const group = stack.formatArn({ service: 'ec2', resource: 'security-group', resourceName: '*' });
    const vpc = stack.formatArn({ service: 'ec2', resource: 'vpc', resourceName: this.props.vpc.vpcId });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['ec2:CreateSecurityGroup'], resources: [vpc] }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ec2:CreateSecurityGroup', 'ec2:CreateTags'],
        resources: [group],
        conditions: { StringEquals: { [`aws:RequestTag/${OWNED}`]: clusterName } },
      }),
    );
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ec2:DeleteSecurityGroup', 'ec2:CreateTags', 'ec2:DeleteTags'],
        resources: [group],
        conditions: { StringEquals: { [`aws:ResourceTag/${OWNED}`]: clusterName } },
      }),
    );
    // Also those of the nodes, which the controller did not make: it lets its load balancers in.
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ec2:AuthorizeSecurityGroupIngress', 'ec2:RevokeSecurityGroupIngress'],
        resources: [group],
        conditions: { ArnEquals: { 'ec2:Vpc': vpc } },
      }),
    );
    // Where the region says which partition it is in, CDK writes that.
    const partition = Token.isUnresolved(stack.partition) ? '<AWS::Partition>' : stack.partition;
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::arn:${partition}:ec2:${stack.region}:<AWS::AccountId>:security-group/*]`,
      'Groups have no names beforehand; they are those that carry the tag of this cluster, and for rules those of this VPC.',
    );
  }

  private install(association: CfnPodIdentityAssociation): eks.HelmChart {
    const { cluster, vpc, after } = this.props;
    const chart = cluster.addHelmChart('LoadBalancerController', {
      repository: 'https://aws.github.io/eks-charts',
      chart: NAME,
      version: CHART_VERSION,
      release: NAME,
      namespace: NAMESPACE,
      wait: true,
      timeout: Duration.minutes(10),
      values: {
        clusterName: cluster.clusterName,
        // Else it asks the instance's metadata, which pods can't reach.
        region: Stack.of(this).region,
        vpcId: vpc.vpcId,
        serviceAccount: { create: true, name: NAME },
        // Services say whose they are by their class; nothing is claimed that does not.
        enableServiceMutatorWebhook: false,
        createIngressClassResource: false,
        enableShield: false,
        enableWaf: false,
        enableWafv2: false,
      },
    });
    // Credentials are put into a pod when it starts: the association comes first.
    chart.node.addDependency(association, ...after);
    return chart;
  }
}

const named = (actions: readonly string[]): string[] => actions.map((action) => `elasticloadbalancing:${action}`);
