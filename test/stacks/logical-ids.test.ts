import { namedEnvironment, resourcesOf, templateOf, templatesOf } from './environments';

const production = templatesOf(namedEnvironment('production'));
const STATEFUL = [
  'AWS::S3::Bucket',
  'AWS::KMS::Key',
  'AWS::SecretsManager::Secret',
  'AWS::EKS::Cluster',
  'AWS::EKS::Nodegroup',
  'AWS::EC2::VPC',
  'AWS::EC2::VPCPeeringConnection',
  // A health check that is replaced counts as healthy until it has looked; a load balancer that is replaced has another address.
  'AWS::Route53::HealthCheck',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::CertificateManager::Certificate',
  // What people have blocked by hand is in no template; a distribution that is replaced answers after minutes.
  'AWS::WAFv2::IPSet',
  'AWS::CloudFront::Distribution',
  // Who may write; whom to tell; a machine that is replaced forgets its executions' names, which keep two of them from running at once.
  'AWS::DynamoDB::GlobalTable',
  'AWS::SNS::Topic',
  'AWS::StepFunctions::StateMachine',
];
const statefulIds = (stack: string): readonly string[] =>
  [...resourcesOf(templateOf(production, stack))].filter(([, r]) => STATEFUL.includes(r.Type)).map(([id]) => id);

/** A logical id that changes makes CloudFormation delete the resource and make another one. Whoever changes one of these must say how its data move. */
test.each([
  ['eu-central-1-network', ['NetworkVpc7FB7348F']],
  ['us-east-1-peering', ['ConnectionToEuc1']],
  [
    'eu-central-1-data-protection',
    [
      'DataKey17AFBB84',
      'SigningKey49B95470',
      'BackupsAccessLogs4CD0EFAD',
      'BackupsBucket2936A3AA',
      'CredentialsSuperuserPassword8008A2D6',
      'CredentialsReplicationPassword1135692C',
      'CredentialsRewindPassword875623C6',
      'CredentialsApplicationPasswordF3BB0AE5',
      'CredentialsBackupCipherF20CAF8D',
      'CredentialsPostgresD778A518',
      'CacheCredentialsApplicationPassword33218216',
      'CacheCredentialsReplicationPasswordD3F0DE2A',
      'CacheCredentialsOperatorPassword2D7BA617',
      'CacheCredentialsSynchroniserPassword94C9E43C',
      'CacheCredentialsCache84CC865D',
    ],
  ],
  ['us-east-1-data-protection', ['DataKey17AFBB84', 'SigningKey49B95470', 'BackupsAccessLogs4CD0EFAD', 'BackupsBucket2936A3AA']],
  [
    'eu-central-1-platform',
    ['KubernetesSecretsKey86ABA781', 'KubernetesCluster0CA8310C', 'Nodeseucentral1aA2048F34', 'Nodeseucentral1bFF83A403', 'Nodeseucentral1c13CE8663'],
  ],
  [
    'us-east-1-entrance',
    [
      'PublicLoadBalancer9A8E475C',
      'PublicLogs5AFB62B2',
      'PublicCertificateEB0F2E1D',
      'PublicWebAclBlocklistV424D9D8A9',
      'PublicWebAclBlocklistV6ECD5CF6C',
      'PublicWebAclBlockedV4160C44E8',
      'PublicWebAclBlockedV607F3CC98',
    ],
  ],
  [
    'us-east-1-edge',
    [
      'WebAclBlocklistV47DEE7722',
      'WebAclBlocklistV6F2F2E6CB',
      'WebAclBlockedV41B2B2290',
      'WebAclBlockedV6188AF428',
      'Certificate4E7ABB08',
      'Logs6819BB44',
      'ApplicationDistribution2A667D8A',
      'WriterDistributionFF378F74',
    ],
  ],
  ['us-east-1-edge-key', ['OriginSecret18B30BE7E']],
  ['eu-west-1-lease', ['TableCD117FA1']],
  ['eu-central-1-alerts', ['AlertsKey9E1197AF', 'AlertsTopicCF7C81C9']],
  ['eu-west-1-witness', ['AlertsKey9E1197AF', 'AlertsTopicCF7C81C9']],
  ['us-east-1-failover', ['AlertsKey9E1197AF', 'AlertsTopicCF7C81C9', 'FailoverMachineB18B3F2D', 'FailbackMachineDE55C177']],
  ['eu-west-1-switch', ['SwitchBucket66C83C10']],
  [
    'eu-west-1-traffic',
    [
      'SwitchUse1ByEuw1551C3BF3',
      'SwitchUse1ByEuw3C8D09A92',
      'SwitchUse1ByUsw2EABBA7B1',
      'DnsReadyEuc15ECB0D1E',
      'DnsReadyUse140D46F9F',
      'DnsNotTakenByUse16B58DA00',
    ],
  ],
])('the stateful resources of %s keep their logical ids', (stack, ids) => {
  expect(statefulIds(stack)).toEqual(ids);
});
