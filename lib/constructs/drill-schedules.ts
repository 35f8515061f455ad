import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { cronOf } from '../operations/drills/calendar';
import type { Environment } from '../topology/types';
import { acknowledgeWildcard } from './acknowledge';

export const scheduleGroupName = ({ name }: Environment): string => `holdfast-${name}-drills`;

export interface DrillSchedulesProps {
  readonly environment: Environment;
  readonly run: sfn.IStateMachine;
  readonly register: lambda.IFunction;
  readonly group: scheduler.CfnScheduleGroup;
}

const LOOK_HOURS = 3;

/** Every drill rings once a week in its own slot, by the wall's clock of the calendar's time zone; the guard says whether it is due. Nobody waits, and nothing rings twice. */
export class DrillSchedules extends Construct {
  constructor(scope: Construct, id: string, props: DrillSchedulesProps) {
    super(scope, id);
    const { environment, run, register, group } = props;
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
      description: `Starts the drills of ${environment.name}`,
    });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['states:StartExecution'], resources: [run.stateMachineArn] }));
    role.addToPolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [register.functionArn] }));
    const common = { groupName: group.ref, flexibleTimeWindow: { mode: 'OFF' } };
    for (const { drill, every } of environment.drills)
      new scheduler.CfnSchedule(this, drill, {
        ...common,
        name: drill,
        description: `${drill} of ${environment.name}, every ${every}: rings every week, the guard says whether it is due`,
        scheduleExpression: cronOf(environment, drill),
        scheduleExpressionTimezone: environment.drillPolicy.timeZone,
        target: {
          arn: run.stateMachineArn,
          roleArn: role.roleArn,
          input: JSON.stringify({ drill, askedBy: 'schedule' }),
          // A slot that is over is over: the drill comes again a week later.
          retryPolicy: { maximumEventAgeInSeconds: Duration.minutes(10).toSeconds(), maximumRetryAttempts: 3 },
        },
      });
    new scheduler.CfnSchedule(this, 'Register', {
      ...common,
      name: 'register',
      description: `How long the proofs of ${environment.name} still stand`,
      scheduleExpression: `rate(${LOOK_HOURS} hours)`,
      target: { arn: register.functionArn, roleArn: role.roleArn, input: '{}' },
    });
  }
}

export interface DeadManProps {
  readonly environment: Environment;
  readonly stop: sfn.IStateMachine;
}

/** The role by which the dead man's timer starts the machine that stops everything. */
export class DeadMan extends Construct {
  readonly role: iam.IRole;

  constructor(scope: Construct, id: string, props: DeadManProps) {
    super(scope, id);
    const { environment, stop } = props;
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
      description: `Stops a drill of ${environment.name} that did not end`,
    });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['states:StartExecution'], resources: [stop.stateMachineArn] }));
    this.role = role;
  }
}

/** @param schedules ARN of all schedules of the group */
export const allowDeadMan = (role: iam.Role, deadMan: iam.IRole, schedules: string): void => {
  role.addToPolicy(new iam.PolicyStatement({ actions: ['scheduler:CreateSchedule'], resources: [schedules] }));
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [deadMan.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    }),
  );
  acknowledgeWildcard(role, schedules, "A dead man's timer is named after its run, in the group of the environment's drills.");
};
