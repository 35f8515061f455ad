import { Match, type Template } from 'aws-cdk-lib/assertions';
import { manifestsFor } from '../../k8s';
import { homeRegion } from '../../lib/topology/derive';
import type { EnvironmentInput } from '../../lib/topology/types';
import { AWS, find } from '../k8s/fixtures';
import { resourcesOf, templateOf, templatesOf, variant, type Resource } from './environments';

const acme = { contact: 'platform@example.com', names: ['app.example.com', '*.example.com', 'example.com'] };
const NAMED: Partial<EnvironmentInput> = { edge: {}, dns: { zoneName: 'example.com', zoneId: 'Z0EXAMPLE' }, acme };
const workloads = [{ name: 'shop', image: `registry.example.com/shop@sha256:${'0'.repeat(64)}` }];

const environment = variant('dev', NAMED);
const templates = templatesOf(environment);
const platform = templateOf(templates, 'eu-central-1-platform');

interface Statement {
  readonly Sid: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What the role may do that pods of this service account get, by the names of the statements. */
const rightsOf = (template: Template, serviceAccount: string): ReadonlyMap<string, Statement> => {
  const [role] = Object.keys(
    template.findResources('AWS::IAM::Role', {
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Condition: { StringEquals: { 'aws:RequestTag/kubernetes-service-account': serviceAccount } } }],
        },
      },
    }),
  );
  const policies = template.findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: role }] } });
  const statements = Object.values(policies).flatMap((policy) => (policy as Resource).Properties.PolicyDocument as { Statement: readonly Statement[] });
  return new Map(statements.flatMap(({ Statement }) => Statement).map((statement) => [statement.Sid, statement]));
};

describe('what renews certificates on AWS', () => {
  const rights = rightsOf(platform, 'certificate-renewer');

  test('may set and remove the records that prove its names, and no other record of the zone', () =>
    expect(rights.get('Challenges')).toEqual({
      Sid: 'Challenges',
      Effect: 'Allow',
      Action: 'route53:ChangeResourceRecordSets',
      Resource: 'arn:aws:route53:::hostedzone/Z0EXAMPLE',
      Condition: {
        'ForAllValues:StringEquals': {
          // A wildcard is proved by the name that it stands below: one record for both.
          'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['_acme-challenge.app.example.com', '_acme-challenge.example.com'],
          'route53:ChangeResourceRecordSetsRecordTypes': ['TXT'],
          'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
        },
        Null: {
          'route53:ChangeResourceRecordSetsNormalizedRecordNames': 'false',
          'route53:ChangeResourceRecordSetsRecordTypes': 'false',
          'route53:ChangeResourceRecordSetsActions': 'false',
        },
      },
    }));

  test('may otherwise list zones, see whether a change has arrived, and tell people', () => {
    expect([...rights].map(([sid, { Action }]) => [sid, Action])).toEqual([
      ['Challenges', 'route53:ChangeResourceRecordSets'],
      ['HasItArrived', 'route53:GetChange'],
      ['Zones', 'route53:ListHostedZones'],
      ['Tell', 'sns:Publish'],
      ['EncryptWhatIsTold', ['kms:Decrypt', 'kms:GenerateDataKey']],
    ]);
    expect(rights.get('HasItArrived')?.Resource).toBe('arn:aws:route53:::change/*');
  });

  test('gets it as the service account that the chart has', () => {
    const chart = manifestsFor(variant('dev', { ...NAMED, workloads }), homeRegion(environment), AWS);
    const { namespace, name } = find(chart, 'ServiceAccount', 'certificate-renewer').metadata;
    platform.hasResourceProperties('AWS::EKS::PodIdentityAssociation', { Namespace: namespace, ServiceAccount: name, RoleArn: Match.anyValue() });
    expect(JSON.stringify(find(chart, 'NetworkPolicy', 'certificate-renewer'))).toContain('"cidr":"169.254.170.23/32"');
  });

  test('is cert-manager’s own controller where that renews: told the zone, it lists none, and it starts after it has the role', () => {
    const managed = variant('dev', { ...NAMED, acme: { ...acme, client: 'cert-manager' } });
    const template = templateOf(templatesOf(managed), 'eu-central-1-platform');
    expect([...rightsOf(template, 'cert-manager').keys()]).toEqual(['Challenges', 'HasItArrived', 'Zone']);
    const association = [...resourcesOf(template, 'AWS::EKS::PodIdentityAssociation')].find(
      ([, { Properties }]) => Properties.ServiceAccount === 'cert-manager' && Properties.Namespace === 'cert-manager',
    );
    const [addon] = [...resourcesOf(template, 'AWS::EKS::Addon').values()].filter(({ Properties }) => Properties.AddonName === 'cert-manager');
    expect(addon?.DependsOn).toContain(association?.[0]);
    const chart = manifestsFor(variant('dev', { ...NAMED, workloads, acme: { ...acme, client: 'cert-manager' } }), homeRegion(managed), AWS);
    expect(JSON.stringify(find(chart, 'ClusterIssuer', 'gateway-acme'))).toContain('"hostedZoneID":"Z0EXAMPLE"');
  });

  test('has no role where nothing is renewed', () => {
    const without = templateOf(templatesOf(variant('dev', {})), 'eu-central-1-platform');
    expect(JSON.stringify(without.toJSON())).not.toContain('route53:');
  });
});

describe('certificates of ACM', () => {
  const made = [...templates].flatMap(([stack, template]) =>
    [...resourcesOf(template, 'AWS::CertificateManager::Certificate').keys()].map((id) => [stack, id, template] as const),
  );

  test('are those of the entrance and of CloudFront', () => expect(made.map(([stack]) => stack)).toEqual(['eu-central-1-entrance', 'us-east-1-edge']));

  test.each(made)('%s: somebody is told of %s 30, 14, 7 and 1 days before it ends, the sooner the more urgently', (_stack, id, template) => {
    const alarms = [...resourcesOf(template, 'AWS::CloudWatch::Alarm').values()]
      .map(({ Properties }) => Properties)
      .filter(({ Dimensions }) => JSON.stringify(Dimensions) === JSON.stringify([{ Name: 'CertificateArn', Value: { Ref: id } }]));
    expect(alarms.map((p) => [String(p.AlarmDescription).slice(0, 5), p.Threshold, p.MetricName, p.Namespace, p.ComparisonOperator, p.Period])).toEqual(
      [30, 14, 7, 1].map((days, i) => [`SEV-${4 - i}`, days, 'DaysToExpiry', 'AWS/CertificateManager', 'LessThanOrEqualToThreshold', 86_400]),
    );
    for (const { AlarmDescription, AlarmActions } of alarms) {
      expect(AlarmDescription).toContain('(docs/certificates.md#alarms)');
      expect(JSON.stringify(AlarmActions)).toMatch(/-alerts:ExportsOutputRefAlertsTopic/);
    }
  });

  test('that ACM is silent about are told of once, and what has expired stays told', () => {
    const alarms = [...resourcesOf(templateOf(templates, 'us-east-1-edge'), 'AWS::CloudWatch::Alarm').values()];
    expect(alarms.map(({ Properties: p }) => [p.TreatMissingData, p.EvaluationPeriods])).toEqual([
      ['breaching', 2],
      ['ignore', 1],
      ['ignore', 1],
      ['ignore', 1],
    ]);
  });
});

describe('whom alarms tell', () => {
  const unheard = [...templates].flatMap(([stack, template]) =>
    [...resourcesOf(template, 'AWS::CloudWatch::Alarm').values()]
      .filter(({ Properties }) => !Array.isArray(Properties.AlarmActions) || Properties.AlarmActions.length === 0)
      .map(({ Properties }) => `${stack}: ${String(Properties.AlarmDescription)}`),
  );
  test('every alarm has somebody who hears it', () => expect(unheard).toEqual([]));

  test('a topic of the region, in which alarms of this account may publish', () => {
    const alerts = templateOf(templates, 'eu-central-1-alerts');
    alerts.hasResourceProperties('AWS::SNS::Topic', { TopicName: 'holdfast-dev-alerts', KmsMasterKeyId: Match.anyValue() });
    alerts.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
  });
});
