import { KubectlV35Layer } from '@aws-cdk/lambda-layer-kubectl-v35';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';
import { acknowledge, acknowledgeManagedPolicy, acknowledgeWildcard } from './acknowledge';
import { logRetention } from './log-retention';
import { clusterName } from './names';

export interface KubernetesClusterProps {
  readonly environment: Environment;
  readonly region: Region;
  readonly vpc: ec2.IVpc;
}

/** The EKS control plane: its own encryption key, all of its logs, an endpoint inside the VPC. Nothing runs on it yet: no nodes, and no add-on that AWS would choose. */
export class KubernetesCluster extends Construct {
  readonly cluster: eks.ICluster;
  /** By which pods get roles where EKS Pod Identity is not understood. */
  readonly openIdConnect: iam.IOpenIdConnectProvider;
  private readonly props: KubernetesClusterProps;

  constructor(scope: Construct, id: string, props: KubernetesClusterProps) {
    super(scope, id);
    this.props = props;
    const logs = this.keepLogs();
    const cluster = this.defineCluster(this.defineKey());
    this.cluster = cluster as eks.ICluster;
    this.openIdConnect = cluster.openIdConnectProvider;
    this.cluster.node.addDependency(logs);
    this.acknowledgeFindings();
  }

  private defineKey(): kms.Key {
    return new kms.Key(this, 'SecretsKey', {
      description: `Kubernetes Secrets of ${this.props.environment.name} in ${this.props.region.name}`,
      enableKeyRotation: true,
      removalPolicy: this.props.environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** EKS would make this log group by itself and keep it for ever; it takes the one that is there. */
  private keepLogs(): LogGroup {
    return new LogGroup(this, 'ControlPlaneLogs', {
      logGroupName: `/aws/eks/${clusterName(this.props.environment)}/cluster`,
      retention: logRetention(this.props.region.network.flowLogRetentionDays),
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private defineCluster(secretsEncryptionKey: kms.Key): eks.Cluster {
    const { environment, region, vpc } = this.props;
    const cluster = new eks.Cluster(this, 'Cluster', {
      clusterName: clusterName(environment),
      version: eks.KubernetesVersion.of(region.cluster.version),
      vpc,
      vpcSubnets: [{ subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }],
      endpointAccess: endpointAccess(region.cluster.apiAccessCidrs),
      serviceIpv4Cidr: region.network.serviceCidr,
      secretsEncryptionKey,
      clusterLogging: Object.values(eks.ClusterLoggingTypes),
      defaultCapacityType: eks.DefaultCapacityType.NODEGROUP,
      defaultCapacity: 0,
      bootstrapSelfManagedAddons: false,
      kubectlProviderOptions: { kubectlLayer: new KubectlV35Layer(this, 'KubectlLayer') },
      outputConfigCommand: true,
    });
    return cluster;
  }

  private acknowledgeFindings(): void {
    const { cluster } = this;
    acknowledgeManagedPolicy(
      cluster,
      'AmazonEKSClusterPolicy',
      'EKS demands this policy for the role of a control plane; AWS extends it with new versions of Kubernetes.',
    );
    const kubectl = cluster.node.findChild('KubectlProvider');
    const reason = "CDK's own function that runs kubectl and helm at deployment; its roles are written by aws-eks-v2.";
    for (const policy of ['service-role/AWSLambdaBasicExecutionRole', 'service-role/AWSLambdaVPCAccessExecutionRole', 'AmazonEC2ContainerRegistryReadOnly']) {
      acknowledgeManagedPolicy(kubectl, policy, reason);
    }
    const conditional = kubectl.node.findChild('conditionalPolicy');
    if (!('managedPolicyArn' in conditional)) throw new Error("aws-eks-v2's kubectl provider has changed: review the acknowledgements of its findings");
    acknowledge(kubectl, `AwsSolutions-IAM4[Policy::${JSON.stringify(Stack.of(this).resolve(conditional.managedPolicyArn))}]`, reason);
    const handler = kubectl.node.findChild('Handler');
    if (!(handler instanceof Function)) throw new Error("aws-eks-v2's kubectl provider has changed: review the acknowledgements of its findings");
    acknowledgeWildcard(kubectl, `${handler.functionArn}:*`, `${reason} The wildcard stands for the versions of that one function.`);
    acknowledge(kubectl, 'AwsSolutions-L1', reason);
    acknowledge(
      cluster,
      'CloudFormation-Validate::W9009',
      'aws-eks-v2 names the encrypted resources explicitly; EKS accepts it, and "secrets" is the only value there is.',
    );
  }
}

const endpointAccess = (cidrs: readonly string[]): eks.EndpointAccess =>
  cidrs.length === 0 ? eks.EndpointAccess.PRIVATE : eks.EndpointAccess.PUBLIC_AND_PRIVATE.onlyFrom(...cidrs);
