import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { type IDependable, Construct } from 'constructs';
import { acknowledgeManagedPolicy } from './acknowledge';
import { PodIdentityRole, type ServiceAccountRole } from './pod-identity';

export interface ClusterAddonProps {
  readonly clusterName: string;
  /** The add-on's name in EKS' catalogue. */
  readonly addonName: string;
  /** What must be there first, besides the cluster. */
  readonly after: readonly IDependable[];
  readonly role?: ServiceAccountRole;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** An EKS add-on with its AWS permissions through Pod Identity. The version is the one that EKS recommends for the cluster's Kubernetes version. */
export class ClusterAddon extends Construct {
  constructor(scope: Construct, id: string, props: ClusterAddonProps) {
    super(scope, id);
    const { addonName, clusterName, role, configuration, after } = props;
    const addon = new eks.CfnAddon(this, 'Resource', {
      addonName,
      clusterName,
      resolveConflicts: 'OVERWRITE',
      ...(configuration === undefined ? {} : { configurationValues: JSON.stringify(configuration) }),
      ...(role === undefined ? {} : { podIdentityAssociations: [{ serviceAccount: role.serviceAccount, roleArn: role.roleArn }] }),
    });
    addon.node.addDependency(...after);
  }
}

export interface NodeAddonsProps {
  readonly clusterName: string;
  /** The other regions' VPCs, which are to see the pods' own addresses. */
  readonly peerCidrs: readonly string[];
}

/** What a node needs to become Ready: Pod Identity, pod network with NetworkPolicies, service addresses. Before the nodes, since EKS waits for them to be Ready. */
export class NodeAddons extends Construct {
  constructor(scope: Construct, id: string, props: NodeAddonsProps) {
    super(scope, id);
    const { clusterName, peerCidrs } = props;
    const identity = new ClusterAddon(this, 'PodIdentityAgent', { clusterName, addonName: 'eks-pod-identity-agent', after: [] });
    new ClusterAddon(this, 'KubeProxy', { clusterName, addonName: 'kube-proxy', after: [] });
    const configuration = {
      enableNetworkPolicy: 'true',
      // Elsewhere a pod's address is replaced by its node's as soon as it leaves the VPC.
      ...(peerCidrs.length > 0 ? { env: { AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: peerCidrs.join(',') } } : {}),
    };
    const role = new AddonRole(this, 'VpcCniRole', {
      serviceAccount: 'aws-node',
      policy: 'AmazonEKS_CNI_Policy',
      description: 'Gives pods addresses of the VPC',
    });
    new ClusterAddon(this, 'VpcCni', { clusterName, addonName: 'vpc-cni', role, configuration, after: [identity] });
  }
}

export interface VolumeAddonProps {
  readonly clusterName: string;
  /** Cluster DNS: the driver asks AWS by name. */
  readonly after: IDependable;
}

/** Makes EBS volumes for volume claims. */
export class VolumeAddon extends Construct {
  constructor(scope: Construct, id: string, props: VolumeAddonProps) {
    super(scope, id);
    const { clusterName, after } = props;
    const role = new AddonRole(this, 'Role', {
      serviceAccount: 'ebs-csi-controller-sa',
      policy: 'service-role/AmazonEBSCSIDriverPolicy',
      description: 'Makes and attaches EBS volumes',
    });
    new ClusterAddon(this, 'Addon', { clusterName, addonName: 'aws-ebs-csi-driver', role, after: [after] });
  }
}

interface AddonRoleProps {
  readonly serviceAccount: string;
  /** The policy that AWS maintains for the add-on. */
  readonly policy: string;
  readonly description: string;
}

class AddonRole extends PodIdentityRole {
  constructor(scope: Construct, id: string, props: AddonRoleProps) {
    const { serviceAccount, policy, description } = props;
    super(scope, id, { namespace: 'kube-system', serviceAccount, description });
    this.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName(policy));
    acknowledgeManagedPolicy(this, policy, 'The policy that AWS maintains for this add-on, whose version AWS chooses too.');
  }
}
