import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { stateMachineName, type Direction } from '../failover/names';
import { workflowOf } from '../failover/workflow';
import { lintWorkflow } from '../failover/workflow-lint';
import { placeholderName, WORKFLOW_HANDLERS, type WorkflowHandler } from '../failover/workflow-tasks';
import type { Environment, RegionFailover } from '../topology/types';
import { partitionOf } from '../topology/aws-regions';
import { acknowledge } from './acknowledge';
import { logRetention } from './log-retention';

export interface FailoverWorkflowProps {
  readonly environment: Environment;
  readonly failover: RegionFailover;
  readonly direction: Direction;
  readonly functions: ReadonlyMap<WorkflowHandler, lambda.IFunction>;
  /** Who is told when a run ends badly. */
  readonly topic: sns.ITopic;
  readonly logRetentionDays: number;
}

/** A state machine: the workflow of the model, its functions' ARNs filled in, everything that it does logged and traced. */
export class FailoverWorkflow extends Construct {
  private readonly props: FailoverWorkflowProps;

  constructor(scope: Construct, id: string, props: FailoverWorkflowProps) {
    super(scope, id);
    this.props = props;
    const machine = this.defineMachine();
    this.alarm(machine);
  }

  /** @throws Error naming every flaw: a workflow that could not be undone, or hang, is not deployed */
  private definition(): string {
    const workflow = workflowOf(this.props.direction, this.props.failover);
    const findings = lintWorkflow(workflow);
    if (findings.length > 0) throw new Error(findings.map((f) => `${this.props.direction}, state ${f.state}: ${f.given}; ${f.fix}`).join('\n'));
    // The partition follows from the model: what is left of it for CloudFormation, linters of templates can't read.
    return JSON.stringify(workflow).replaceAll('${Partition}', partitionOf(this.props.environment.regions[0]?.name ?? '') ?? 'aws');
  }

  /** The functions that this workflow calls. */
  private called(definition: string): ReadonlyMap<WorkflowHandler, lambda.IFunction> {
    return new Map(
      [...this.props.functions].filter(([handler]) => WORKFLOW_HANDLERS.includes(handler) && definition.includes(`\${${placeholderName(handler)}}`)),
    );
  }

  private defineMachine(): sfn.StateMachine {
    const { environment, direction, logRetentionDays } = this.props;
    const definition = this.definition();
    const functions = this.called(definition);
    const arns = Object.fromEntries([...functions].map(([handler, f]) => [placeholderName(handler), f.functionArn]));
    const machine = new sfn.StateMachine(this, 'Machine', {
      stateMachineName: stateMachineName(environment, direction),
      stateMachineType: sfn.StateMachineType.STANDARD,
      definitionBody: sfn.DefinitionBody.fromString(definition),
      definitionSubstitutions: arns,
      tracingEnabled: true,
      logs: { level: sfn.LogLevel.ALL, includeExecutionData: true, destination: this.defineLog(logRetentionDays) },
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    machine.addToRolePolicy(
      new iam.PolicyStatement({ sid: 'Steps', actions: ['lambda:InvokeFunction'], resources: [...functions.values()].map((f) => f.functionArn) }),
    );
    acknowledge(
      machine.role,
      'AwsSolutions-IAM5[Resource::*]',
      'Delivery of logs and traces has no resources to name: they are the rights that Step Functions asks for.',
    );
    return machine;
  }

  private defineLog(days: number): LogGroup {
    const { environment, direction } = this.props;
    return new LogGroup(this, 'Log', {
      // With this prefix the policy of the log's deliveries does not grow with every machine.
      logGroupName: `/aws/vendedlogs/states/${stateMachineName(environment, direction)}`,
      retention: logRetention(days),
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** Beside the workflow's own word to people: also for a run that could say nothing any more. */
  private alarm(machine: sfn.StateMachine): void {
    const { environment, direction, topic } = this.props;
    const metrics = { Failed: machine.metricFailed(), TimedOut: machine.metricTimedOut(), Aborted: machine.metricAborted() };
    for (const [what, metric] of Object.entries(metrics)) {
      const alarm = new cloudwatch.Alarm(this, what, {
        alarmName: `${stateMachineName(environment, direction)}-${what.toLowerCase()}`,
        alarmDescription: `SEV-1: a ${direction} of ${environment.name} ended as "${what}" (docs/failover.md#a-run-that-ended-badly)`,
        metric: metric.with({ statistic: 'Sum', period: Duration.minutes(1) }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new actions.SnsAction(topic));
    }
  }
}
