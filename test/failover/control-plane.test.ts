import { findingText, lintFailoverPath, type FailoverPath } from '../../lib/failover/control-plane';

const HOME = 'eu-central-1';
const TARGET = 'us-east-1';
const arn = (region: string, rest: string): unknown => ({
  'Fn::Join': [
    '',
    ['arn:', { Ref: 'AWS::Partition' }, `:${rest.split(':')[0] ?? ''}:${region}:`, { Ref: 'AWS::AccountId' }, `:${rest.split(':').slice(1).join(':')}`],
  ],
});

interface Planted {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}
const policy = (...statements: readonly Planted[]): unknown => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyDocument: { Statement: statements.map((s) => ({ Effect: 'Allow', ...s })) } },
});
const path = (resources: Readonly<Record<string, unknown>>, bundles: FailoverPath['bundles'] = {}, region = TARGET): FailoverPath => ({
  environment: 'production',
  workloads: [HOME, TARGET],
  switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'],
  stacks: [{ stack: `${region}-${region === TARGET ? 'failover' : 'witness'}`, region, template: { Resources: resources } }],
  bundles,
});
const lint = (statement: Planted, region = TARGET): readonly string[] => lintFailoverPath(path({ Role: policy(statement) }, {}, region)).map(findingText);

test('what a failover does ask for is accepted', () => {
  expect(
    lint({ Action: ['dynamodb:GetItem', 'dynamodb:PutItem'], Resource: [arn('eu-west-1', 'dynamodb:table/t'), arn('eu-west-2', 'dynamodb:table/t')] }),
  ).toEqual([]);
  expect(lint({ Action: 's3:PutObject', Resource: 'arn:aws:s3:::holdfast-production-switch-us-west-2-123456789012/switch/production' })).toEqual([]);
  expect(lint({ Action: 'kms:Decrypt', Resource: { 'Fn::ImportValue': 'the-regions-own-key' } })).toEqual([]);
  expect(lint({ Action: 'states:StartExecution', Resource: [arn(HOME, 'states:stateMachine:m'), arn(TARGET, 'states:stateMachine:m')] }, 'eu-west-1')).toEqual(
    [],
  );
});

describe('a failover that needs what may be gone is refused, with the very statement:', () => {
  test.each<[string, Planted, RegExp]>([
    [
      'a change of DNS',
      { Sid: 'Dns', Action: 'route53:ChangeResourceRecordSets', Resource: 'arn:aws:route53:::hostedzone/Z1' },
      /Role: given route53:ChangeResourceRecordSets in \{"Sid":"Dns".*allowed: actions of data planes/,
    ],
    [
      'a change of a cluster',
      { Action: ['dynamodb:GetItem', 'eks:UpdateNodegroupConfig'], Resource: arn(TARGET, 'eks:nodegroup/n') },
      /given eks:UpdateNodegroupConfig in/,
    ],
    ['a new machine', { Action: 'ec2:RunInstances', Resource: '*' }, /given ec2:RunInstances in/],
    ['a new right', { Action: 'iam:PutRolePolicy', Resource: 'arn:aws:iam::123456789012:role/r' }, /given iam:PutRolePolicy in/],
    ['everything of a service', { Action: 'dynamodb:*', Resource: arn('eu-west-1', 'dynamodb:table/t') }, /given dynamodb:\* in/],
    ['a network interface that the code may make itself', { Action: 'ec2:CreateNetworkInterface', Resource: '*' }, /deny it to the function's code/],
    [
      'a secret of the home region',
      { Sid: 'S', Action: 'secretsmanager:GetSecretValue', Resource: arn(HOME, 'secretsmanager:secret:s') },
      /given a resource in eu-central-1, which may be the region that is lost, in \{"Sid":"S"/,
    ],
    [
      'a table with a replica in the home region',
      { Action: 'dynamodb:GetItem', Resource: [arn('eu-west-1', 'dynamodb:table/t'), arn(HOME, 'dynamodb:table/t')] },
      /a resource in eu-central-1/,
    ],
    [
      'a bucket of nobody knows where',
      { Action: 's3:PutObject', Resource: 'arn:aws:s3:::some-bucket/key' },
      /given arn:aws:s3:::some-bucket\/key in .*a resource whose region is known/,
    ],
    ['all resources', { Action: 'sns:Publish', Resource: '*' }, /given every resource/],
    [
      "an answer of the home region's stack",
      { Action: 'sns:Publish', Resource: { 'Fn::GetStackOutput': { StackName: 's', OutputName: 'o', Region: HOME } } },
      /a resource in eu-central-1/,
    ],
  ])('%s', (_, statement, expected) => {
    expect(lint(statement).join('\n')).toMatch(expected);
  });

  test('a machine of one region alone, for the decider', () => {
    expect(lint({ Action: 'states:StartExecution', Resource: arn(TARGET, 'states:stateMachine:m') }, 'eu-west-1').join()).toMatch(
      /a resource in us-east-1, .*resources in each region that can become the target/,
    );
  });

  test('a managed policy', () => {
    const role = {
      Type: 'AWS::IAM::Role',
      Properties: { ManagedPolicyArns: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/AdministratorAccess']] }] },
    };
    expect(
      lintFailoverPath(path({ Role: role }))
        .map(findingText)
        .join(),
    ).toMatch(/given the managed policy arn:aws:iam::aws:policy\/AdministratorAccess/);
  });

  test('what is allowed but for some actions', () => {
    const role = {
      Type: 'AWS::IAM::Policy',
      Properties: { PolicyDocument: { Statement: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: arn('eu-west-1', 'dynamodb:table/t') }] } },
    };
    expect(
      lintFailoverPath(path({ Role: role }))
        .map(findingText)
        .join(),
    ).toMatch(/given NotAction "iam:\*"/);
  });
});

test('the interfaces that Lambda makes for itself are accepted when its code is denied them', () => {
  const allow = { Action: 'ec2:CreateNetworkInterface', Resource: '*' };
  const deny = { ...allow, Effect: 'Deny', Condition: { ArnEquals: { 'lambda:SourceFunctionArn': 'arn' } } };
  expect(lintFailoverPath(path({ Role: policy(allow, deny) }))).toEqual([]);
});

test.each([
  [{ clients: ['route-53'], commands: ['route-53:ChangeResourceRecordSets'] }, 'bundle switch: given the call route-53:ChangeResourceRecordSets'],
  [{ clients: ['route-53'], commands: [] }, 'bundle switch: given the client route-53'],
  [{ clients: ['dynamodb'], commands: ['dynamodb:UpdateTable'] }, 'bundle switch: given the call dynamodb:UpdateTable'],
])('a bundle with a call of a control plane is refused: %j', (held, expected) => {
  expect(
    lintFailoverPath(path({}, { switch: held }))
      .map(findingText)
      .join(),
  ).toContain(expected);
});

test('what the bundles hold is accepted', () => {
  const held = { clients: ['lambda', 's3', 'sfn'], commands: ['lambda:Invoke', 's3:CreateSession', 's3:GetObject', 'sfn:StartExecution'] };
  expect(lintFailoverPath(path({}, { decider: held }))).toEqual([]);
});
