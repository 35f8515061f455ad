import { runInNewContext } from 'node:vm';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { stackTemplatesOf, textsOf, verified } from './dns';
import { deploymentOrderOf, namedEnvironment, resourcesOf, templateOf, templatesOf, variant } from './environments';

const production = templatesOf(namedEnvironment('production'));
const edge = templateOf(production, 'us-east-1-edge');
const entrance = templateOf(production, 'eu-central-1-entrance');

interface Rule {
  readonly Name: string;
  readonly Action?: { readonly Block?: { readonly CustomResponse?: { readonly ResponseCode: number; readonly ResponseHeaders?: readonly unknown[] } } };
  readonly OverrideAction?: object;
  readonly Statement: {
    readonly RateBasedStatement?: {
      readonly Limit: number;
      readonly EvaluationWindowSec: number;
      readonly AggregateKeyType: string;
      readonly ScopeDownStatement?: object;
    };
  };
}
const rulesOf = (template: Template): readonly Rule[] => {
  const [acl] = [...resourcesOf(template, 'AWS::WAFv2::WebACL').values()];
  return (acl?.Properties.Rules ?? []) as readonly Rule[];
};
const ratesOf = (template: Template) =>
  rulesOf(template)
    .filter(({ Statement }) => Statement.RateBasedStatement !== undefined)
    .map(({ Name, Action, Statement: { RateBasedStatement: rate } }) => [
      Name,
      rate?.Limit,
      rate?.EvaluationWindowSec,
      rate?.AggregateKeyType,
      Action?.Block?.CustomResponse?.ResponseCode,
      Action?.Block?.CustomResponse?.ResponseHeaders ?? [],
    ]);
const WAIT_60 = [{ Name: 'Retry-After', Value: '60' }];

describe('at CloudFront', () => {
  test('an address that asks more than 60,000 times a minute is refused', () =>
    expect(ratesOf(edge)).toEqual([['rate-per-address', 60_000, 60, 'IP', 403, []]]));

  test('what is blocked by hand comes first, then floods, then the managed groups, which only count at first', () => {
    expect(rulesOf(edge).map(({ Name }) => Name)).toEqual([
      'blocklist',
      'rate-per-address',
      'anti-ddos',
      'ip-reputation',
      'anonymous-ip',
      'known-bad-inputs',
      'common',
      'sql-injection',
    ]);
    expect(
      rulesOf(edge)
        .slice(2)
        .map(({ OverrideAction }) => OverrideAction),
    ).toEqual(Array.from({ length: 6 }, () => ({ Count: {} })));
  });

  test.each([
    ['www.example.com', 'app.example.com'],
    ['write.example.com', 'writer.example.com'],
  ])('%s asks the name of the DNS tree, %s, by HTTPS, and keeps nothing: not even errors', (alias, origin) => {
    edge.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        Aliases: [alias],
        Origins: [
          Match.objectLike({
            DomainName: origin,
            ConnectionAttempts: 2,
            ConnectionTimeout: 3,
            CustomOriginConfig: Match.objectLike({ OriginProtocolPolicy: 'https-only', OriginKeepaliveTimeout: 5 }),
            OriginCustomHeaders: [{ HeaderName: 'x-holdfast-edge', HeaderValue: '{{resolve:secretsmanager:holdfast/production/edge/1:SecretString:::}}' }],
          }),
        ],
        CustomErrorResponses: Match.arrayWith([
          { ErrorCode: 503, ErrorCachingMinTTL: 0 },
          { ErrorCode: 504, ErrorCachingMinTTL: 0 },
        ]),
        WebACLId: Match.anyValue(),
      },
    });
    for (const Type of ['A', 'AAAA']) edge.hasResourceProperties('AWS::Route53::RecordSet', { Name: alias, Type });
  });

  test('the client’s address is written by us: what a client sends in that header is lost', () => {
    const [naming] = [...resourcesOf(edge, 'AWS::CloudFront::Function').values()];
    const handler = runInNewContext(`${String(naming?.Properties['FunctionCode'])}; handler`) as (event: object) => object;
    const asked = { headers: { 'x-client-address': { value: '1.2.3.4' }, 'x-holdfast-edge': { value: 'guess' }, accept: { value: '*/*' } } };
    expect(handler({ viewer: { ip: '198.51.100.7' }, request: asked })).toEqual({
      headers: { 'x-client-address': { value: '198.51.100.7' }, accept: { value: '*/*' } },
    });
  });
});

describe('at the load balancer', () => {
  test('6,000 a minute for each client, 6,000 for each source that is not CloudFront, 600 for each user: then 429 with a minute to wait', () =>
    expect(ratesOf(entrance)).toEqual([
      ['rate-per-client', 6000, 60, 'FORWARDED_IP', 429, WAIT_60],
      ['rate-per-source', 6000, 60, 'IP', 429, WAIT_60],
      ['rate-per-user', 600, 60, 'CUSTOM_KEYS', 429, WAIT_60],
    ]));

  test('every request is counted by client or by source: one rule counts exactly what the other does not', () => {
    const [client, source] = rulesOf(entrance)
      .filter(({ Name }) => ['rate-per-client', 'rate-per-source'].includes(Name))
      .map(({ Statement }) => Statement.RateBasedStatement?.ScopeDownStatement);
    expect(client).toBeDefined();
    expect(source).toEqual({ NotStatement: { Statement: client } });
  });

  test('only what shows CloudFront’s secret is let through; besides, anybody may ask whether the region is ready', () => {
    entrance.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      DefaultActions: [Match.objectLike({ Type: 'fixed-response', FixedResponseConfig: Match.objectLike({ StatusCode: '403' }) })],
    });
    const conditions = [...resourcesOf(entrance, 'AWS::ElasticLoadBalancingV2::ListenerRule').values()].map(({ Properties }) => Properties.Conditions);
    expect(conditions).toEqual([
      [
        {
          Field: 'http-header',
          HttpHeaderConfig: { HttpHeaderName: 'x-holdfast-edge', Values: ['{{resolve:secretsmanager:holdfast/production/edge/1:SecretString:::}}'] },
        },
      ],
      [
        { Field: 'path-pattern', PathPatternConfig: { Values: ['/health/ready'] } },
        { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET', 'HEAD'] } },
      ],
    ]);
  });

  test('the ACL is the load balancer’s', () => entrance.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1));
});

describe('what people block', () => {
  test.each([
    ['CLOUDFRONT', edge],
    ['REGIONAL', entrance],
  ] as const)('%s: has sets of its own, which a deployment leaves empty as they began', (scope, template) => {
    const sets = [...resourcesOf(template, 'AWS::WAFv2::IPSet').values()].map(({ Properties }) => [Properties.Name, Properties.Scope, Properties.Addresses]);
    expect(sets).toEqual([
      ['holdfast-production-blocklist-v4', scope, []],
      ['holdfast-production-blocklist-v6', scope, []],
      ['holdfast-production-blocked-v4', scope, []],
      ['holdfast-production-blocked-v6', scope, []],
    ]);
  });
});

test('both web ACLs are logged, without what says who somebody is', () => {
  for (const template of [edge, entrance]) {
    template.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      RedactedFields: ['authorization', 'cookie', 'x-holdfast-edge'].map((Name) => ({ SingleHeader: { Name } })),
    });
  }
});

describe('the secret by which load balancers know CloudFront', () => {
  test('is made in CloudFront’s region and has a copy in the other', () =>
    templateOf(production, 'us-east-1-edge-key').hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'holdfast/production/edge/1',
      ReplicaRegions: [{ Region: 'eu-central-1' }],
    }));
  test('comes before the entrances, and CloudFront after the names that it asks', () => {
    const order = deploymentOrderOf(namedEnvironment('production'));
    expect(order.get('eu-central-1-entrance')).toContain('us-east-1-edge-key');
    expect(order.get('us-east-1-edge')).toContain('eu-west-1-traffic');
  });
  test('no stack of the failover waits for the edge', () => {
    const order = deploymentOrderOf(namedEnvironment('production'));
    const waiting = [...order].filter(([, before]) => before.includes('us-east-1-edge')).map(([stack]) => stack);
    expect(waiting).toEqual([]);
  });
});

describe('the DNS verifier', () => {
  const environment = namedEnvironment('production');
  const pristine = stackTemplatesOf(environment);
  const planted = (change: (text: string) => string): readonly string[] =>
    textsOf(
      verified(
        environment,
        pristine.map((stack) =>
          stack.stack === 'us-east-1-edge' ? { ...stack, template: JSON.parse(change(JSON.stringify(stack.template))) as unknown } : stack,
        ),
      ),
    );

  test('accepts a CloudFront that asks the tree', () => expect(planted((text) => text)).toEqual([]));
  test.each([
    [
      'one region, whichever is active',
      '"DomainName":"app.example.com"',
      '"DomainName":"euc1.app.example.com"',
      /the-edge-asks-the-tree: .*www\.example\.com leads to CloudFront, which asks euc1\.app\.example\.com/,
    ],
    ['itself', '"Name":"www.example.com"', '"Name":"app.example.com"', /the-edge-asks-the-tree: .*app\.example\.com is also a name of the tree/],
    [
      'a distribution of somebody else',
      '"ApplicationDistribution2A667D8A","DomainName"',
      '"ClientNaming","DomainName"',
      /templates-are-understood: .*leads to a distribution of these stacks/,
    ],
  ])('refuses one that asks %s', (_, is, becomes, says) => {
    const found = planted((text) => {
      expect(text).toContain(is);
      return text.replace(is, becomes);
    });
    expect(found.filter((text) => says.test(text))).not.toEqual([]);
  });
});

describe('with another secret, clients’ certificates and a public workload', () => {
  const authority = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const templates = templatesOf(
    variant('production', {
      acme: { contact: 'platform@example.com', names: ['app.example.com'] },
      edge: { originSecret: 3, managedRules: 'block', blocklist: ['198.51.100.0/24', '2001:db8::/32'], clientCertificates: { authority } },
      workloads: [
        { name: 'shop', image: `registry.example.com/shop@sha256:${'0'.repeat(64)}`, public: { host: null, paths: ['/'], port: 'http', endpoints: [] } },
      ],
    }),
  );
  const door = templateOf(templates, 'eu-central-1-entrance');
  const secret = (n: number): string => `{{resolve:secretsmanager:holdfast/production/edge/${n}:SecretString:::}}`;

  test('the load balancers take the present secret and the one before, CloudFront shows the present one', () => {
    door.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Conditions: [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'x-holdfast-edge', Values: [secret(3), secret(2)] } }],
    });
    expect(JSON.stringify(templateOf(templates, 'us-east-1-edge').toJSON())).toContain(secret(3));
    expect(JSON.stringify(templateOf(templates, 'us-east-1-edge').toJSON())).not.toContain(secret(2));
    expect(resourcesOf(templateOf(templates, 'us-east-1-edge-key'), 'AWS::SecretsManager::Secret').size).toBe(2);
  });

  test('known clients have a port of their own, on which a certificate of their authority is verified', () => {
    door.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 8443,
      MutualAuthentication: { Mode: 'verify', TrustStoreArn: Match.anyValue(), IgnoreClientCertificateExpiry: false },
    });
    door.hasResourceProperties('AWS::ElasticLoadBalancingV2::TrustStore', {
      CaCertificatesBundleS3Key: Match.stringLikeRegexp('^[0-9a-f]{64}\\.pem$'),
    });
  });

  test('managed groups block, and the blocklist is in the sets of both families', () => {
    expect(
      rulesOf(templateOf(templates, 'us-east-1-edge'))
        .slice(2)
        .map(({ OverrideAction }) => OverrideAction),
    ).toEqual(Array.from({ length: 6 }, () => ({ None: {} })));
    for (const [Name, Addresses] of [
      ['holdfast-production-blocklist-v4', ['198.51.100.0/24']],
      ['holdfast-production-blocklist-v6', ['2001:db8::/32']],
    ]) {
      door.hasResourceProperties('AWS::WAFv2::IPSet', { Name, Addresses });
    }
  });

  test('the gateway’s pods are bound to the load balancer’s target group, after the charts', () => {
    const objects = [...resourcesOf(templateOf(templates, 'eu-central-1-workloads'), 'Custom::AWSCDK-EKS-KubernetesResource').values()];
    const binding = objects.find(({ Properties }) => JSON.stringify(Properties['Manifest']).includes('TargetGroupBinding'));
    const text = JSON.stringify(binding?.Properties['Manifest']);
    expect(text).toMatch(/serviceRef.*gateway.*8443/);
    expect(text).toMatch(/ExportsOutput\w*PublicTargets/);
    expect(text).toMatch(/ExportsOutput\w*SecurityGroup/);
    expect(binding?.DependsOn).toHaveLength(1);
  });

  test('the controller may register pods in that group, which carries the cluster’s name', () => {
    door.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Tags: Match.arrayWith([{ Key: 'holdfast:bound-to', Value: 'holdfast-production' }]),
    });
    templateOf(templates, 'eu-central-1-platform').hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['elasticloadbalancing:DeregisterTargets', 'elasticloadbalancing:RegisterTargets'],
            Condition: { StringEquals: { 'aws:ResourceTag/holdfast:bound-to': Match.anyValue() } },
          }),
        ]),
      },
    });
  });
});

test('without an edge the load balancer is open, and there is no CloudFront', () => {
  const templates = templatesOf(variant('production', { edge: null }));
  expect([...templates.keys()].filter((id) => id.includes('edge'))).toEqual([]);
  templateOf(templates, 'eu-central-1-entrance').resourceCountIs('AWS::WAFv2::WebACL', 0);
  templateOf(templates, 'eu-central-1-entrance').hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    DefaultActions: [Match.objectLike({ Type: 'forward' })],
  });
});
