import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { functionName, type FailoverHandler } from '../failover/names';
import type { Environment } from '../topology/types';
import { acknowledge } from './acknowledge';
import { logRetention } from './log-retention';

/** Lambda's own limit on all variables together, in bytes. */
const MOST_ENVIRONMENT = 4096;
/** More memory is more processor: the bundle is read in a third of the time that 512 MiB take. */
const MEMORY = 1024;

/** What Lambda itself does with a function's network interfaces when the function is created or changed; nothing of it happens when it is called. */
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

export interface FailoverFunctionProps {
  readonly environment: Environment;
  readonly handler: FailoverHandler;
  /** The bundle's folder. */
  readonly code: string;
  /** Seconds. */
  readonly timeout: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly statements: readonly iam.PolicyStatement[];
  /** @default - outside of the VPC: it talks to AWS only */
  readonly network?: { readonly vpc: ec2.IVpc; readonly securityGroup: ec2.ISecurityGroup };
  /** @default - named by CloudFormation */
  readonly roleName?: string;
  readonly logRetentionDays: number;
}

/** One function of the failover, with the rights that it needs itself and a log of its own. Its code was bundled before (`scripts/build.mjs lambdas`). */
export class FailoverFunction extends Construct {
  readonly function: lambda.IFunction;
  readonly role: iam.IRole;
  private readonly props: FailoverFunctionProps;

  constructor(scope: Construct, id: string, props: FailoverFunctionProps) {
    super(scope, id);
    this.props = props;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName(props.environment, props.handler)}`,
      retention: logRetention(props.logRetentionDays),
      removalPolicy: props.environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.role = this.defineRole(logGroup);
    this.function = this.defineFunction(logGroup);
  }

  private defineRole(logGroup: LogGroup): iam.Role {
    const { handler, environment, roleName, statements, network } = this.props;
    const role = new iam.Role(this, 'Role', {
      ...(roleName === undefined ? {} : { roleName }),
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Failover of ${environment.name}: ${handler}`,
    });
    logGroup.grants.write(role);
    statements.forEach((statement) => role.addToPolicy(statement));
    role.addToPolicy(new iam.PolicyStatement({ actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], resources: ['*'] }));
    if (network !== undefined) this.letLambdaAttach(role);
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'X-Ray and the network interfaces that Lambda makes for the function have no resources to name; the latter are denied to its code.',
    );
    return role;
  }

  /** Lambda asks for these rights when it makes the function; the deny keeps the function's own code from using them. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html */
  private letLambdaAttach(role: iam.Role): void {
    const { environment, handler } = this.props;
    role.addToPolicy(new iam.PolicyStatement({ sid: 'LambdaAttaches', actions: NETWORK_INTERFACES, resources: ['*'] }));
    const own = Stack.of(this).formatArn({ service: 'lambda', resource: `function:${functionName(environment, handler)}` });
    role.addToPolicy(
      new iam.PolicyStatement({
        sid: 'TheCodeDoesNot',
        effect: iam.Effect.DENY,
        actions: NETWORK_INTERFACES,
        resources: ['*'],
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': own } },
      }),
    );
  }

  private defineFunction(logGroup: LogGroup): lambda.Function {
    const { environment, handler, code, timeout, network } = this.props;
    return new lambda.Function(this, 'Function', {
      functionName: functionName(environment, handler),
      description: `Failover of ${environment.name}: ${handler}`,
      code: lambda.Code.fromAsset(code),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: MEMORY,
      timeout: Duration.seconds(timeout),
      tracing: lambda.Tracing.ACTIVE,
      role: this.role,
      logGroup,
      environment: this.variables(),
      ...(network === undefined ? {} : { vpc: network.vpc, securityGroups: [network.securityGroup], vpcSubnets: { subnets: network.vpc.privateSubnets } }),
    });
  }

  private variables(): Record<string, string> {
    const variables = { HOLDFAST_ACCOUNT: this.props.environment.account ?? Aws.ACCOUNT_ID, ...this.props.variables };
    const size = Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (size > MOST_ENVIRONMENT)
      throw new Error(`the variables of ${this.props.handler} have ${size} bytes, Lambda allows ${MOST_ENVIRONMENT}: fewer regions, or shorter names`);
    return variables;
  }
}
