import { Match } from 'aws-cdk-lib/assertions';
import type { Environment } from '../../lib/topology/types';
import { namedEnvironment, resourcesOf, smallCharts, stageOf, templateOf, templatesOf } from './environments';

const environment = namedEnvironment('production');
const production = templatesOf(environment);
const home = templateOf(production, 'eu-central-1-platform');
const standby = templateOf(production, 'us-east-1-platform');

/** Everything that `id` waits for, directly and indirectly. */
const awaitedBy = (id: string): ReadonlySet<string> => {
  const all = resourcesOf(home);
  const found = new Set<string>();
  const visit = (name: string): void => {
    const resource = all.get(name);
    const references = [...JSON.stringify(resource?.Properties ?? {}).matchAll(/"(?:Ref":|Fn::GetAtt":\[)"([^"]+)"/g)].map((m) => m[1] ?? '');
    for (const next of [...(resource?.DependsOn ?? []), ...references]) {
      if (!all.has(next) || found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(id);
  return found;
};

const idOf = (type: string, properties: Record<string, unknown>): string => {
  const [id, ...more] = Object.keys(home.findResources(type, { Properties: properties }));
  if (id === undefined || more.length > 0)
    throw new Error(`expected one ${type} with ${JSON.stringify(properties)}, found ${more.length + (id === undefined ? 0 : 1)}`);
  return id;
};

/** The passwords, and secrets that the clusters make: the authority that all regions have in common, and the certificate of the failover's functions. */
const secretsOf = (region: string): { readonly read: readonly unknown[]; readonly written: unknown } => {
  const secret = (of: string, name: string): unknown => ({
    'Fn::Join': ['', [`arn:aws:secretsmanager:${of}:`, { Ref: 'AWS::AccountId' }, `:secret:${name}-??????`]],
  });
  const client = secret(region, 'holdfast-production-failover-client');
  const own = secret(region, 'holdfast-production-authority');
  const passwords = ['cache', 'postgres'].map((what) => secret(region, `holdfast/production/eu-central-1/${what}`));
  const others = region === 'eu-central-1' ? [secret('us-east-1', 'holdfast-production-authority')] : [];
  return { read: [own, client, ...passwords, ...others], written: region === 'eu-central-1' ? [own, client, ...others] : client };
};

describe('the control plane', () => {
  test('has the version and the service addresses of the model, and no public endpoint', () => {
    home.hasResourceProperties('AWS::EKS::Cluster', {
      Version: '1.35',
      KubernetesNetworkConfig: { ServiceIpv4Cidr: '172.20.0.0/16' },
      ResourcesVpcConfig: { EndpointPrivateAccess: true, EndpointPublicAccess: false },
    });
    standby.hasResourceProperties('AWS::EKS::Cluster', { KubernetesNetworkConfig: { ServiceIpv4Cidr: '172.21.0.0/16' } });
  });

  test('can be reached from outside only from where the model says', () => {
    const open: Environment = {
      ...environment,
      regions: environment.regions.map((r) => ({ ...r, cluster: { ...r.cluster, apiAccessCidrs: ['198.51.100.0/24'] } })),
    };
    templateOf(templatesOf(open), 'eu-central-1-platform').hasResourceProperties('AWS::EKS::Cluster', {
      ResourcesVpcConfig: { EndpointPrivateAccess: true, EndpointPublicAccess: true, PublicAccessCidrs: ['198.51.100.0/24'] },
    });
  });

  test('encrypts Secrets with a key of its own and keeps all of its logs', () => {
    home.hasResourceProperties('AWS::EKS::Cluster', {
      EncryptionConfig: [{ Provider: { KeyArn: { 'Fn::GetAtt': ['KubernetesSecretsKey86ABA781', 'Arn'] } }, Resources: ['secrets'] }],
      Logging: { ClusterLogging: { EnabledTypes: ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'].map((Type) => ({ Type })) } },
    });
    home.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/aws/eks/holdfast-production/cluster', RetentionInDays: 90 });
  });
});

describe('the nodes', () => {
  test('are one group per zone, in the private subnet of that zone', () => {
    const groups = [...resourcesOf(home, 'AWS::EKS::Nodegroup').values()].map((g) => g.Properties);
    expect(groups.map((g) => g.Labels)).toEqual(['a', 'b', 'c'].map((zone) => ({ 'holdfast.dev/node-group': `eu-central-1${zone}` })));
    groups.forEach((group, i) => {
      expect(JSON.stringify(group.Subnets)).toContain(`privateSubnet${i + 1}`);
      expect(group).toMatchObject({
        ScalingConfig: { MinSize: 2, DesiredSize: 2, MaxSize: 4 },
        InstanceTypes: ['m7i.2xlarge'],
        AmiType: 'AL2023_x86_64_STANDARD',
        ForceUpdateEnabled: false,
        UpdateConfig: { MaxUnavailable: 1 },
      });
    });
  });

  test('have an encrypted gp3 root and keep their credentials from pods', () => {
    home.hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: {
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeType: 'gp3' } }],
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      },
    });
  });

  test('get images and machines of the processor that the instance type has', () => {
    const arm: Environment = { ...environment, regions: environment.regions.map((r) => ({ ...r, cluster: { ...r.cluster, instanceType: 'm7g.xlarge' } })) };
    templateOf(templatesOf(arm), 'eu-central-1-platform').allResourcesProperties('AWS::EKS::Nodegroup', { AmiType: 'AL2023_ARM_64_STANDARD' });
  });
});

describe('the add-ons', () => {
  test('are those that the platform needs, without the DNS that AWS would choose', () => {
    const names = [...resourcesOf(home, 'AWS::EKS::Addon').values()].map((a) => a.Properties.AddonName);
    expect(names.sort()).toEqual(['aws-ebs-csi-driver', 'cert-manager', 'eks-pod-identity-agent', 'kube-proxy', 'vpc-cni']);
    home.hasResourceProperties('AWS::EKS::Cluster', { BootstrapSelfManagedAddons: false });
  });

  test.each([
    ['aws-ebs-csi-driver', 'ebs-csi-controller-sa'],
    ['vpc-cni', 'aws-node'],
  ])('%s gets its permissions through Pod Identity', (addon, serviceAccount) => {
    idOf('AWS::EKS::Addon', { AddonName: addon, PodIdentityAssociations: [{ ServiceAccount: serviceAccount }] });
    idOf('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'kube-system', 'aws:RequestTag/kubernetes-service-account': serviceAccount } },
          },
        ],
      },
    });
  });

  test('pods of one service account only get a role', () => {
    home.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: ['sts:AssumeRole', 'sts:TagSession'],
            Principal: { Service: 'pods.eks.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'external-secrets', 'aws:RequestTag/kubernetes-service-account': 'external-secrets' },
            },
          },
        ],
      },
    });
    home.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: 'external-secrets', ServiceAccount: 'external-secrets' });
  });

  test('the pod network enforces NetworkPolicies and keeps the addresses of pods across the peering', () => {
    const [network] = Object.values(home.findResources('AWS::EKS::Addon', { Properties: { AddonName: 'vpc-cni' } })) as [
      { Properties: { ConfigurationValues: string } },
    ];
    expect(JSON.parse(network.Properties.ConfigurationValues)).toEqual({
      enableNetworkPolicy: 'true',
      env: { AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '10.20.0.0/16' },
    });
  });

  test.each([
    ['eu-central-1', home],
    ['us-east-1', standby],
  ])('External Secrets in %s may read the passwords of this environment and what its clusters share, and nothing else', (region, template) => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          { Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'], Resource: secretsOf(region).read },
          { Action: 'kms:Decrypt', Condition: { StringEquals: { 'kms:ViaService': Match.anyValue() } } },
          { Action: ['secretsmanager:CreateSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:TagResource'], Resource: secretsOf(region).written },
        ],
      },
    });
  });
});

describe('the order of deployment', () => {
  const nodes = Object.keys(home.findResources('AWS::EKS::Nodegroup'));
  const foundation = idOf('Custom::AWSCDK-EKS-KubernetesResource', {});
  const addon = (name: string): string => idOf('AWS::EKS::Addon', { AddonName: name });

  test.each(['vpc-cni', 'kube-proxy', 'eks-pod-identity-agent'])('%s comes before the nodes, which are not Ready without it', (name) => {
    for (const group of nodes) expect(awaitedBy(group)).toContain(addon(name));
  });

  test('the foundation comes after what brings the resource types that it uses', () => {
    expect(awaitedBy(foundation)).toContain(addon('cert-manager'));
    expect(awaitedBy(foundation)).toContain(idOf('Custom::AWSCDK-EKS-HelmChart', { Chart: 'external-secrets' }));
    for (const group of nodes) expect(awaitedBy(foundation)).toContain(group);
  });

  test('volumes come after cluster DNS', () => {
    expect(awaitedBy(addon('aws-ebs-csi-driver'))).toContain(foundation);
  });

  test('the namespace of the volume claims stays where data are retained', () => {
    expect(resourcesOf(home).get(foundation)?.DeletionPolicy).toBe('Retain');
  });
});

test('refuses charts without a foundation', () => {
  expect(() => stageOf(environment, (...args) => smallCharts(...args).slice(1))).toThrow(
    /exactly one chart must be named "cluster".*got etcd, postgres, pooler/,
  );
});
