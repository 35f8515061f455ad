import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { type IDependable, Construct } from 'constructs';
import { acknowledgeManagedPolicy } from './acknowledge';
import { PodIdentityRole } from './pod-identity';

export interface ClusterAddonProps {
  readonly clusterName: string;
  /** The add-on's name in EKS' catalogue. */
  readonly addonName: string;
  /** What must be there first, besides the cluster. */
  readonly after: readonly IDependable[];
  readonly role?: PodIdentityRole;
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

/**
 * What a node needs to become Ready: Pod Identity, pod network with NetworkPolicies, service addresses. Before the nodes, since EKS waits for them to be Ready.
 * @param peerCidrs the other regions' VPCs, which see the pods' own addresses
 */
export const nodeAddons = (scope: Construct, clusterName: string, peerCidrs: readonly string[]): readonly ClusterAddon[] => {
  const identity = new ClusterAddon(scope, 'PodIdentityAgent', { clusterName, addonName: 'eks-pod-identity-agent', after: [] });
  const proxy = new ClusterAddon(scope, 'KubeProxy', { clusterName, addonName: 'kube-proxy', after: [] });
  const role = managedPolicyRole(scope, 'VpcCniRole', 'aws-node', 'AmazonEKS_CNI_Policy', 'Gives pods addresses of the VPC');
  const configuration = {
    enableNetworkPolicy: 'true',
    // Elsewhere a pod's address is replaced by its node's as soon as it leaves the VPC.
    ...(peerCidrs.length > 0 ? { env: { AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: peerCidrs.join(',') } } : {}),
  };
  const network = new ClusterAddon(scope, 'VpcCni', { clusterName, addonName: 'vpc-cni', role, configuration, after: [identity] });
  return [identity, proxy, network];
};

/** Issues the certificates inside the cluster; brings the resource types that the foundation chart uses. */
export const certificateAddon = (scope: Construct, clusterName: string, nodes: IDependable): ClusterAddon =>
  new ClusterAddon(scope, 'CertManager', { clusterName, addonName: 'cert-manager', after: [nodes] });

/** Makes volumes; asks AWS by name, so cluster DNS comes first. */
export const volumeAddon = (scope: Construct, clusterName: string, dns: IDependable): ClusterAddon => {
  const role = managedPolicyRole(scope, 'EbsCsiRole', 'ebs-csi-controller-sa', 'service-role/AmazonEBSCSIDriverPolicy', 'Makes and attaches EBS volumes');
  return new ClusterAddon(scope, 'EbsCsiDriver', { clusterName, addonName: 'aws-ebs-csi-driver', role, after: [dns] });
};

const managedPolicyRole = (scope: Construct, id: string, serviceAccount: string, policy: string, description: string): PodIdentityRole => {
  const role = new PodIdentityRole(scope, id, { namespace: 'kube-system', serviceAccount, description });
  role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName(policy));
  acknowledgeManagedPolicy(role, policy, 'The policy that AWS maintains for this add-on, whose version AWS chooses too.');
  return role;
};
