import { Match } from 'aws-cdk-lib/assertions';
import { withRegions } from './dns';
import { namedEnvironment, resourcesOf, templateOf, templatesOf, variant } from './environments';

const production = templatesOf(namedEnvironment('production'));

describe.each([
  ['eu-central-1', 'euc1'],
  ['us-east-1', 'use1'],
])('the entrance of %s', (region, code) => {
  const template = templateOf(production, `${region}-entrance`);

  test('takes HTTPS from the internet and nothing else, with a certificate for every name that may lead to it', () => {
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internet-facing', Type: 'application' });
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 1);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 443, Protocol: 'HTTPS', SslPolicy: Match.stringLikeRegexp('TLS13') });
    template.hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: 'app.example.com',
      // The last two are users' names, which CloudFront passes on.
      SubjectAlternativeNames: ['writer.example.com', `${code}.app.example.com`, 'www.example.com', 'write.example.com'],
      ValidationMethod: 'DNS',
      DomainValidationOptions: Match.arrayWith([{ DomainName: 'app.example.com', HostedZoneId: 'Z00000000000000EXAMPLE' }]),
    });
  });

  test("has a name of its own, which does not depend on the load balancer's health", () => {
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: `${code}.app.example.com`,
      AliasTarget: Match.objectLike({
        EvaluateTargetHealth: false,
        DNSName: { 'Fn::Join': ['', ['dualstack.', { 'Fn::GetAtt': [Match.anyValue(), 'DNSName'] }]] },
      }),
    });
  });

  test('hands over an empty target group of addresses, checked by the gateway’s own word', () => {
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      TargetType: 'ip',
      HealthCheckPath: '/gateway/health',
      Targets: Match.absent(),
    });
    expect(Object.keys(template.findOutputs('*'))).toContainEqual(expect.stringContaining('TargetGroupArn'));
  });
});

describe('a switch bucket', () => {
  const template = templateOf(production, 'us-west-2-switch');
  const [policy] = [...resourcesOf(template, 'AWS::S3::BucketPolicy').values()];
  const statements = (
    policy!.Properties['PolicyDocument'] as { Statement: { Sid?: string; Effect: string; Action: unknown; Condition?: unknown; Resource: unknown }[] }
  ).Statement;

  test('holds no object after a deployment: nothing writes over what a failover said', () => {
    expect([...resourcesOf(template).values()].map(({ Type }) => Type).sort()).toEqual(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy']);
  });

  test('lets everybody read one object, and only the failover write it', () => {
    const [read] = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(statements.filter(({ Effect }) => Effect === 'Allow')).toHaveLength(1);
    expect(read).toMatchObject({
      Action: 's3:GetObject',
      Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.anything(), 'Arn'] }, '/switch/production']] },
    });
    const write = statements.find(({ Sid }) => Sid === 'OnlyTheFailoverWrites');
    expect(write).toMatchObject({ Effect: 'Deny', Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObject'] });
    expect(JSON.stringify(write?.Condition)).toMatch(/role\/holdfast-production-switch-eu-central-1.*role\/holdfast-production-switch-us-east-1/);
  });

  test('keeps every version, and outlives its stack', () => {
    const [bucket] = [...resourcesOf(template, 'AWS::S3::Bucket').values()];
    expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', Properties: { VersioningConfiguration: { Status: 'Enabled' } } });
    expect(bucket!.Properties['BucketName']).toEqual({ 'Fn::Join': ['', ['holdfast-production-switch-us-west-2-', { Ref: 'AWS::AccountId' }]] });
  });
});

describe('alarms on health checks', () => {
  const alarms = resourcesOf(templateOf(production, 'us-east-1-dns-alarms'), 'AWS::CloudWatch::Alarm');

  test('have stable names, and say when a region is not ready and when one took over', () => {
    expect([...alarms.values()].map(({ Properties }) => Properties['AlarmName']).sort()).toEqual([
      'holdfast-production-region-not-ready-eu-central-1',
      'holdfast-production-region-not-ready-us-east-1',
      'holdfast-production-traffic-taken-over-by-us-east-1',
    ]);
  });

  test('look at checks of another region, by name, so that no stack waits for that region', () => {
    for (const { Properties } of alarms.values()) {
      expect(Properties['Dimensions']).toEqual([
        { Name: 'HealthCheckId', Value: { 'Fn::GetStackOutput': expect.objectContaining({ StackName: 'production-eu-west-1-traffic', Region: 'eu-west-1' }) } },
      ]);
    }
  });
});

test('routing controls: one per region, and never two of them on', () => {
  const failover = { witness: 'eu-west-1', leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-west-3'], switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'] };
  const templates = templatesOf(withRegions(3, { failover: { ...failover, trafficSwitch: 'routingControl' } }));
  const template = templateOf(templates, 'eu-west-1-traffic');
  template.resourceCountIs('AWS::Route53RecoveryControl::RoutingControl', 3);
  template.hasResourceProperties('AWS::Route53RecoveryControl::SafetyRule', { RuleConfig: { Type: 'ATLEAST', Threshold: 2, Inverted: true } });
  expect([...templates.keys()].filter((id) => id.endsWith('-switch'))).toEqual([]);
});

test('an environment without dns has none of it', () => {
  const templates = templatesOf(variant('production', { dns: null, failover: null }));
  expect([...templates.keys()].filter((id) => /entrance|traffic|switch|alarms/.test(id))).toEqual([]);
});
