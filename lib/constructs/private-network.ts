import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { isolatedSubnetName, subnetMasks } from '../topology/subnets';
import type { Environment, Region } from '../topology/types';
import { acknowledge } from './acknowledge';
import { logRetention } from './log-retention';

const AWS_SERVICES: Readonly<Record<string, ec2.InterfaceVpcEndpointAwsService>> = {
  Ec2: ec2.InterfaceVpcEndpointAwsService.EC2, // nodes, VPC CNI, EBS CSI driver
  EcrApi: ec2.InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Eks: ec2.InterfaceVpcEndpointAwsService.EKS,
  EksAuth: ec2.InterfaceVpcEndpointAwsService.EKS_AUTH, // Pod Identity
  Kms: ec2.InterfaceVpcEndpointAwsService.KMS,
  Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  Sts: ec2.InterfaceVpcEndpointAwsService.STS,
};

export interface PrivateNetworkProps {
  readonly environment: Environment;
  readonly region: Region;
}

/** A region's VPC: three tiers of subnets over the model's zones, every flow recorded, and AWS reached without leaving AWS. */
export class PrivateNetwork extends Construct {
  readonly vpc: ec2.IVpc;
  private readonly environment: Environment;
  private readonly region: Region;

  constructor(scope: Construct, id: string, props: PrivateNetworkProps) {
    super(scope, id);
    this.environment = props.environment;
    this.region = props.region;
    this.vpc = this.defineVpc();
    this.recordTraffic();
    this.keepAwsTrafficPrivate();
  }

  private defineVpc(): ec2.IVpc {
    const { vpcCidr, natGateways } = this.region.network;
    const masks = subnetMasks(vpcCidr, this.region.zones.length);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(vpcCidr),
      availabilityZones: [...this.region.zones],
      natGateways: natGateways === 'one' ? 1 : this.region.zones.length,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: [
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: masks.private },
        { name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: masks.isolated },
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: masks.public, mapPublicIpOnLaunch: false },
      ],
    });
    // By these names load balancers are put into them, at addresses that follow from the model.
    for (const subnet of vpc.isolatedSubnets) Tags.of(subnet).add('Name', isolatedSubnetName(this.environment, subnet.availabilityZone));
    acknowledge(
      vpc,
      'CloudFormation-Validate::W3010',
      'The zones are named on purpose, in the model: volumes, quorums and replicas are placed by zone, and the same template must not mean other zones elsewhere.',
    );
    // CDK's classes declare optional properties as `T | undefined`, its interfaces as absent: the same thing to everybody but exactOptionalPropertyTypes.
    return vpc as ec2.IVpc;
  }

  private recordTraffic(): void {
    const logGroup = new LogGroup(this, 'FlowLogs', {
      retention: logRetention(this.region.network.flowLogRetentionDays),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.vpc.addFlowLog('FlowLog', { destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup), trafficType: ec2.FlowLogTrafficType.ALL });
  }

  private keepAwsTrafficPrivate(): void {
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    this.vpc.addGatewayEndpoint('DynamoDb', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
    const securityGroup = new ec2.SecurityGroup(this, 'EndpointSecurityGroup', {
      vpc: this.vpc,
      description: 'HTTPS from inside the VPC to the interface endpoints',
      allowAllOutbound: false,
    });
    securityGroup.addIngressRule(ec2.Peer.ipv4(this.region.network.vpcCidr), ec2.Port.HTTPS, 'HTTPS from the VPC');
    for (const [id, service] of Object.entries(AWS_SERVICES)) {
      this.vpc.addInterfaceEndpoint(id, { service, subnets: this.endpointSubnets(), securityGroups: [securityGroup], open: false, privateDnsEnabled: true });
    }
  }

  /** An environment that accepts one NAT gateway for all its zones (dev) accepts one endpoint for all of them too: an endpoint costs as much as a small machine. */
  private endpointSubnets(): ec2.SubnetSelection {
    const shared = this.region.network.natGateways === 'one' ? { availabilityZones: this.region.zones.slice(0, 1) } : {};
    return { subnetType: ec2.SubnetType.PRIVATE_ISOLATED, ...shared };
  }
}
