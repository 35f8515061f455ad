import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Environment } from '../topology/types';
import { acknowledge } from './acknowledge';
import { logRetention } from './log-retention';

/** Lambda's own limit on all variables together, in bytes. */
const MOST_ENVIRONMENT = 4096;
const MEMORY = 512;
const LOG_DAYS = 365;

/** What Lambda does with a function's network interfaces, when it makes the function. */
const NETWORK_INTERFACES = ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'];

export interface DrillFunctionProps {
  readonly environment: Environment;
  /** The handler's folder, for example `drill-guard`. */
  readonly handler: string;
  /** The folder with all bundles. */
  readonly lambdasDirectory: string;
  readonly timeout: Duration;
  readonly variables: Readonly<Record<string, string>>;
  readonly statements: readonly iam.PolicyStatement[];
  /** @default - outside of the VPC: it talks to AWS only */
  readonly network?: { readonly vpc: ec2.IVpc; readonly securityGroup: ec2.ISecurityGroup };
}

/** One function of the drills, with the rights that it needs itself and a log of its own. Its code was bundled before (`scripts/build.mjs lambdas`). */
export class DrillFunction extends Construct {
  readonly function: lambda.IFunction;
  private readonly props: DrillFunctionProps;

  constructor(scope: Construct, id: string, props: DrillFunctionProps) {
    super(scope, id);
    this.props = props;
    const { environment, handler, network } = props;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/holdfast-${environment.name}-${handler}`,
      retention: logRetention(LOG_DAYS),
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.function = new lambda.Function(this, 'Function', {
      functionName: `holdfast-${environment.name}-${handler}`,
      description: `Drills of ${environment.name}: ${handler}`,
      code: lambda.Code.fromAsset(`${props.lambdasDirectory}/${handler}`),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: MEMORY,
      timeout: props.timeout,
      role: this.defineRole(logGroup),
      logGroup,
      environment: this.variables(),
      ...(network === undefined ? {} : { vpc: network.vpc, securityGroups: [network.securityGroup], vpcSubnets: { subnets: network.vpc.isolatedSubnets } }),
    });
  }

  private defineRole(logGroup: LogGroup): iam.Role {
    const { environment, handler, statements, network } = this.props;
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Drills of ${environment.name}: ${handler}`,
    });
    logGroup.grants.write(role);
    statements.forEach((statement) => role.addToPolicy(statement));
    if (network !== undefined) {
      role.addToPolicy(new iam.PolicyStatement({ actions: NETWORK_INTERFACES, resources: ['*'] }));
      acknowledge(
        role,
        'AwsSolutions-IAM5[Resource::*]',
        'The network interfaces that Lambda makes for a function in a VPC have no names before they are there.',
      );
    }
    return role;
  }

  private variables(): Record<string, string> {
    const { handler, variables } = this.props;
    const size = Object.entries(variables).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (size > MOST_ENVIRONMENT)
      throw new Error(`the variables of ${handler} have ${size} bytes, Lambda allows ${MOST_ENVIRONMENT}: schedule fewer drills, or shorten the blackouts`);
    return { ...variables };
  }
}
