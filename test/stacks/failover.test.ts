import { Match } from 'aws-cdk-lib/assertions';
import { lintWorkflow } from '../../lib/failover/workflow-lint';
import type { StateMachine } from '../../lib/failover/workflow-states';
import type { FailoverSettings } from '../../lib/failover/settings';
import { deploymentOrderOf, namedEnvironment, resourcesOf, templateOf, templatesOf } from './environments';

const environment = namedEnvironment('production');
const production = templatesOf(environment);
const lease = templateOf(production, 'eu-west-1-lease');
const witness = templateOf(production, 'eu-west-1-witness');
const target = templateOf(production, 'us-east-1-failover');

/** Joined as CloudFormation would, with the account's number. */
const text = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join } = value as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] };
  return join === undefined ? '123456789012' : join[1].map(text).join(join[0]);
};
const variablesOf = (template: typeof target, name: string): Readonly<Record<string, unknown>> => {
  const found = [...resourcesOf(template, 'AWS::Lambda::Function').values()].find(({ Properties }) => Properties['FunctionName'] === name);
  if (found === undefined) throw new Error(`no function ${name}`);
  return (found.Properties['Environment'] as { readonly Variables: Readonly<Record<string, unknown>> }).Variables;
};

describe('the lease', () => {
  test('lies in three regions without workloads, strongly consistent between them, two with the data and one with a vote', () => {
    lease.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      TableName: 'holdfast-production-lease',
      MultiRegionConsistency: 'STRONG',
      GlobalTableWitnesses: [{ Region: 'eu-west-3' }],
      Replicas: Match.arrayWith([Match.objectLike({ Region: 'eu-west-2' }), Match.objectLike({ Region: 'eu-west-1' })]),
    });
  });

  test('can neither be deleted by mistake nor lost with its stack, and is restored to any moment', () => {
    const [table] = resourcesOf(lease, 'AWS::DynamoDB::GlobalTable').values();
    expect(table?.DeletionPolicy).toBe('Retain');
    for (const replica of table?.Properties['Replicas'] as readonly object[])
      expect(replica).toMatchObject({ DeletionProtectionEnabled: true, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } });
  });

  test('lets those who approve write approvals, and nothing else', () => {
    lease.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      ManagedPolicyName: 'holdfast-production-approver',
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 'dynamodb:PutItem', Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['approval#*'] } } }),
        ]),
      },
    });
  });
});

describe('what takes over into a region', () => {
  test('has two machines with the workflows of the model, logged and traced', () => {
    for (const direction of ['failover', 'failback']) {
      const machine = [...resourcesOf(target, 'AWS::StepFunctions::StateMachine').values()].find(
        (m) => m.Properties['StateMachineName'] === `holdfast-production-${direction}`,
      );
      expect(machine?.Properties).toMatchObject({
        StateMachineType: 'STANDARD',
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ALL' },
      });
      expect(lintWorkflow(JSON.parse(String(machine?.Properties['DefinitionString'])) as StateMachine)).toEqual([]);
    }
  });

  test('gives every placeholder of its workflows a function', () => {
    for (const { Properties } of resourcesOf(target, 'AWS::StepFunctions::StateMachine').values()) {
      const named = new Set([...String(Properties['DefinitionString']).matchAll(/\$\{(\w+)\}/g)].map((m) => m[1]));
      expect(Object.keys(Properties['DefinitionSubstitutions'] as object).sort()).toEqual([...named].sort());
    }
  });

  test('tells each function its region as the target, and fits into what Lambda allows', () => {
    const settings = JSON.parse(text(variablesOf(target, 'holdfast-production-fence')['HOLDFAST_FAILOVER'])) as FailoverSettings;
    expect(settings).toMatchObject({
      environment: 'production',
      target: 'us-east-1',
      witness: 'eu-west-1',
      lease: { table: 'holdfast-production-lease', replicas: ['eu-west-1', 'eu-west-2'] },
    });
    expect(settings.switchObjects.map((o) => o.bucket)).toContain('holdfast-production-switch-us-west-2-123456789012');
  });

  test("gives the fence's function the time that a whole lease lasts, and its task the same", () => {
    target.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'holdfast-production-fence', Timeout: 43 });
    expect(JSON.stringify(target.toJSON())).toContain('\\"ResultPath\\":\\"$.fence\\",\\"TimeoutSeconds\\":43');
  });

  test("writes the switch objects as the only role that their buckets let, outside of the region's network", () => {
    target.hasResourceProperties('AWS::IAM::Role', { RoleName: 'holdfast-production-switch-us-east-1' });
    target.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'holdfast-production-switch', VpcConfig: Match.absent() });
  });

  test('may speak with the doors of all regions, its own poolers and HTTPS, and nobody may speak to it', () => {
    target.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: [
        Match.objectLike({ CidrIp: '10.10.0.0/16', FromPort: 9443 }),
        Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 9443 }),
        Match.objectLike({ CidrIp: '10.20.0.0/16', FromPort: 6432 }),
        Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443 }),
      ],
      SecurityGroupIngress: Match.absent(),
    });
  });

  test('waits for no other region when it is deployed', () => {
    expect(JSON.stringify(target.toJSON())).not.toContain('Fn::GetStackOutput');
    expect(deploymentOrderOf(environment).get('us-east-1-failover')).toEqual(['eu-west-1-lease', 'us-east-1-data-protection', 'us-east-1-network']);
  });
});

describe('the decider', () => {
  test('is called every minute, and not again for a call that failed', () => {
    witness.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { RetryPolicy: { MaximumRetryAttempts: 0 } },
    });
  });

  test('knows the machine of every region that could take over', () => {
    expect(Object.keys(JSON.parse(text(variablesOf(witness, 'holdfast-production-decider')['HOLDFAST_MACHINES'])) as object)).toEqual([
      'eu-central-1',
      'us-east-1',
    ]);
  });

  test('that is silent rings: missing data count as the worst', () => {
    witness.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'Holdfast',
      MetricName: 'DeciderLooks',
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      AlarmActions: [{ Ref: Match.stringLikeRegexp('AlertsTopic') }],
    });
  });
});

test.each(['dev', 'staging'])('%s, which has no failover, has none of it', (name) => {
  expect([...templatesOf(namedEnvironment(name)).keys()].filter((id) => /-(?:lease|witness|failover)$/.test(id))).toEqual([]);
});
