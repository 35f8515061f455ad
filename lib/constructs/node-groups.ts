import { Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { chronyScript } from '../services/chrony';
import type { Clocks, Region } from '../topology/types';
import { acknowledgeManagedPolicy } from './acknowledge';

/** Room for the images, logs and emptyDirs of a node; data lives on volumes of its own. */
const ROOT_VOLUME = Size.gibibytes(60);

export interface NodeGroupsProps {
  readonly cluster: eks.ICluster;
  readonly region: Region;
  readonly clocks: Clocks;
}

/**
 * One managed node group per AZ. A single group over all AZs would be balanced by instances, not by AZs' needs: after an AZ's return or a scale-in the machines may be
 * elsewhere than the volumes, which exist in one AZ only.
 */
export class NodeGroups extends Construct {
  private readonly props: NodeGroupsProps;

  constructor(scope: Construct, id: string, props: NodeGroupsProps) {
    super(scope, id);
    this.props = props;
    const role = this.defineRole();
    const template = this.defineLaunchTemplate();
    for (const zone of props.region.zones) this.defineGroup(zone, role, template);
  }

  private defineRole(): iam.Role {
    const role = new iam.Role(this, 'NodeRole', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: 'Joins nodes to the cluster and pulls images; pods have roles of their own',
    });
    for (const policy of ['AmazonEKSWorkerNodePolicy', 'AmazonEC2ContainerRegistryPullOnly']) {
      role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName(policy));
      acknowledgeManagedPolicy(role, policy, 'What EKS documents as the least that a node needs; AWS keeps it in step with the node image.');
    }
    return role;
  }

  private defineLaunchTemplate(): ec2.LaunchTemplate {
    return new ec2.LaunchTemplate(this, 'LaunchTemplate', {
      userData: this.setClocks(),
      blockDevices: [
        { deviceName: '/dev/xvda', volume: ec2.BlockDeviceVolume.ebs(ROOT_VOLUME.toGibibytes(), { volumeType: ec2.EbsDeviceVolumeType.GP3, encrypted: true }) },
      ],
      requireImdsv2: true,
      // One hop: a pod cannot reach the node's credentials through the metadata service.
      httpPutResponseHopLimit: 1,
    });
  }

  /** EKS adds its own part, so that this has to be one of several. */
  private setClocks(): ec2.MultipartUserData {
    const script = ec2.UserData.forLinux();
    script.addCommands(...chronyScript(this.props.clocks));
    const parts = new ec2.MultipartUserData();
    parts.addPart(ec2.MultipartBody.fromUserData(script));
    return parts;
  }

  private defineGroup(zone: string, nodeRole: iam.Role, template: ec2.LaunchTemplate): void {
    const { cluster, region } = this.props;
    const { instanceType, nodesPerAz, maxNodesPerAz } = region.cluster;
    const machine = new ec2.InstanceType(instanceType);
    new eks.Nodegroup(this, zone, {
      cluster,
      nodeRole,
      subnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, availabilityZones: [zone] },
      amiType:
        machine.architecture === ec2.InstanceArchitecture.ARM_64 ? eks.NodegroupAmiType.AL2023_ARM_64_STANDARD : eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
      instanceTypes: [machine],
      minSize: nodesPerAz,
      desiredSize: nodesPerAz,
      maxSize: maxNodesPerAz,
      maxUnavailable: 1,
      // A drain that a PodDisruptionBudget holds up must not be forced: the update fails and says so.
      forceUpdate: false,
      labels: { 'holdfast.dev/node-group': zone },
      launchTemplateSpec: { id: template.launchTemplateId ?? '', version: template.latestVersionNumber },
    });
  }
}
