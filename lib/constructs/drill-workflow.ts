/** The state machine that carries a drill out, as data (JSONPath). The dead man's is in drill-stop-workflow.ts. */
import { DRILL_TAG, DRILL_TIMES } from '../operations/drills/settings';

export type States = Readonly<Record<string, object>>;
export interface Machine {
  readonly Comment: string;
  readonly StartAt: string;
  readonly TimeoutSeconds: number;
  readonly States: States;
}

export interface DrillWorkflowParts {
  readonly environment: string;
  /** ARNs of the functions. */
  readonly functions: Readonly<Record<'register' | 'guard' | 'start' | 'meter' | 'record' | 'page', string>>;
  readonly topic: string;
  readonly table: string;
  readonly alarms: readonly string[];
  readonly cluster: string;
  /** ARN of the dead man's machine, and of the role by which EventBridge Scheduler starts it. */
  readonly stopMachine: string;
  readonly schedulerRole: string;
  /** Seconds. */
  readonly longest: number;
}

const RETRY = [
  {
    ErrorEquals: ['Lambda.ServiceException', 'Lambda.SdkClientException', 'Lambda.TooManyRequestsException'],
    IntervalSeconds: 2,
    MaxAttempts: 4,
    BackoffRate: 2,
  },
];
export const sdk = (service: string, call: string): string => `arn:aws:states:::aws-sdk:${service}:${call}`;

/** A function of ours with everything that is known so far, and the execution's name. */
const call = (FunctionName: string, ResultPath: string, seconds: number): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName, 'Payload.$': '$' },
  ResultSelector: { 'answer.$': '$.Payload' },
  ResultPath,
  TimeoutSeconds: seconds,
  Retry: RETRY,
});
const caught = (Next: string, ResultPath = '$.error'): object => ({ Catch: [{ ErrorEquals: ['States.ALL'], ResultPath, Next }] });
export const tell = (topic: string, format: string, ...paths: readonly string[]): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::sns:publish',
  Parameters: { TopicArn: topic, 'Message.$': `States.Format('${format}', ${paths.join(', ')})` },
  ResultPath: null,
});

/** Looks, then decides. What can't be looked at is left out, and the guard takes that for standing in the way. */
const deciding = ({ functions, alarms, topic, environment }: DrillWorkflowParts): States => ({
  Begin: { Type: 'Pass', Parameters: { 'drill.$': '$.drill', 'askedBy.$': '$.askedBy', 'run.$': '$$.Execution.Name' }, Next: 'Proofs' },
  Proofs: { ...call(functions.register, '$.looked', 60), ...caught('Alarms', '$.notLooked'), Next: 'KeepProofs' },
  KeepProofs: { Type: 'Pass', InputPath: '$.looked.answer', ResultPath: '$.proofs', Next: 'Alarms' },
  Alarms: {
    Type: 'Task',
    Resource: sdk('cloudwatch', 'describeAlarms'),
    Parameters: { AlarmNames: alarms, AlarmTypes: ['MetricAlarm'] },
    ResultSelector: { 'seen.$': '$.MetricAlarms' },
    ResultPath: '$.described',
    ...caught('Guard', '$.notDescribed'),
    Next: 'KeepAlarms',
  },
  KeepAlarms: { Type: 'Pass', InputPath: '$.described.seen', ResultPath: '$.alarms', Next: 'Guard' },
  Guard: { ...call(functions.guard, '$.guarded', 30), Next: 'Decide' },
  Decide: {
    Type: 'Choice',
    Choices: [
      { Variable: '$.guarded.answer.kind', StringEquals: 'skip', Next: 'NotDue' },
      { Variable: '$.guarded.answer.kind', StringEquals: 'refuse', Next: 'TellRefusal' },
      { Variable: '$.guarded.answer.runner', StringEquals: 'exercise', Next: 'CallPeople' },
      { Variable: '$.guarded.answer.runner', StringEquals: 'fault', Next: 'KeepGuard' },
    ],
    Default: 'TellRefusal',
  },
  NotDue: { Type: 'Succeed' },
  TellRefusal: { ...tell(topic, `${environment}: the drill {} is due and was not run: {}`, '$.drill', '$.guarded.answer.because'), End: true },
  CallPeople: {
    ...tell(
      topic,
      `${environment}: the exercise {} is due. Hold it (docs/scheduled-drills.md), and record its report: holdfast drills record <report.json> --for ${environment}`,
      '$.drill',
    ),
    End: true,
  },
  KeepGuard: { Type: 'Pass', InputPath: '$.guarded.answer', ResultPath: '$.guard', Next: 'Start' },
});

/** The dead man's timer is set before anything is broken: without it nothing begins. */
const preparing = ({ functions, stopMachine, schedulerRole, environment, cluster }: DrillWorkflowParts): States => ({
  Start: { ...call(functions.start, '$.started', 30), ...caught('Record'), Next: 'KeepStart' },
  KeepStart: { Type: 'Pass', InputPath: '$.started.answer', ResultPath: '$.start', Next: 'DeadMan' },
  DeadMan: {
    Type: 'Task',
    Resource: sdk('scheduler', 'createSchedule'),
    Parameters: {
      // An execution that EventBridge Scheduler starts may have a longer name than a schedule's 64 characters.
      'Name.$': "States.Hash($.run, 'SHA-256')",
      GroupName: `holdfast-${environment}-drills`,
      'ScheduleExpression.$': '$.start.deadManAt',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: { Arn: stopMachine, RoleArn: schedulerRole, 'Input.$': 'States.Format(\'\\{"drill":"{}","run":"{}"\\}\', $.drill, $.run)' },
    },
    ResultPath: null,
    ...caught('Record'),
    Next: 'Radius',
  },
  Radius: { Type: 'Choice', Choices: [{ Variable: '$.start.radius', StringEquals: 'node', Next: 'FindNode' }], Default: 'Break' },
  FindNode: {
    Type: 'Task',
    Resource: sdk('ec2', 'describeVolumes'),
    Parameters: {
      Filters: [
        { Name: 'tag:kubernetes.io/created-for/pvc/name', 'Values.$': 'States.Array($.start.volumeClaim)' },
        { Name: 'attachment.status', Values: ['attached'] },
      ],
    },
    ResultSelector: { 'instance.$': '$.Volumes[0].Attachments[0].InstanceId' },
    ResultPath: '$.node',
    ...caught('Record'),
    Next: 'MarkNode',
  },
  MarkNode: {
    Type: 'Task',
    Resource: sdk('ec2', 'createTags'),
    Comment: `Permitted for instances of ${cluster} only`,
    Parameters: { 'Resources.$': 'States.Array($.node.instance)', Tags: [{ Key: DRILL_TAG, Value: environment }] },
    ResultPath: null,
    ...caught('Record'),
    Next: 'Break',
  },
});

/** The experiment, watched until it has ended; beside it a client that writes. */
const breaking = ({ functions }: DrillWorkflowParts): States => ({
  Break: {
    Type: 'Parallel',
    Branches: [
      { StartAt: 'Meter', States: { Meter: { ...call(functions.meter, '$.measured', 870), OutputPath: '$.measured.answer', End: true } } },
      { StartAt: 'Steady', States: experiment() },
    ],
    ResultSelector: { 'meter.$': '$[0]', 'experiment.$': '$[1]' },
    ResultPath: '$.broken',
    ...caught('Stop'),
    Next: 'KeepResult',
  },
  KeepResult: {
    Type: 'Pass',
    Parameters: {
      'drill.$': '$.drill',
      'askedBy.$': '$.askedBy',
      'run.$': '$.run',
      'guard.$': '$.guard',
      'start.$': '$.start',
      'meter.$': '$.broken.meter',
      'experiment.$': '$.broken.experiment',
    },
    Next: 'Record',
  },
});

const experiment = (): States => ({
  Steady: { Type: 'Wait', Seconds: DRILL_TIMES.steady, Next: 'Inject' },
  Inject: {
    Type: 'Task',
    Resource: sdk('fis', 'startExperiment'),
    Parameters: { 'ClientToken.$': '$.run', 'ExperimentTemplateId.$': '$.start.template' },
    ResultSelector: { 'id.$': '$.Experiment.Id' },
    ResultPath: '$.injected',
    Next: 'Watch',
  },
  Watch: { Type: 'Wait', Seconds: 10, Next: 'Look' },
  Look: {
    Type: 'Task',
    Resource: sdk('fis', 'getExperiment'),
    Parameters: { 'Id.$': '$.injected.id' },
    ResultSelector: { 'id.$': '$.Experiment.Id', state: { 'status.$': '$.Experiment.State.Status', 'reason.$': '$.Experiment.State.Reason' } },
    ResultPath: '$.experiment',
    Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 5, BackoffRate: 1.5 }],
    Next: 'Ended',
  },
  Ended: {
    Type: 'Choice',
    Choices: [
      { Or: ['completed', 'stopped', 'failed', 'cancelled'].map((status) => ({ Variable: '$.experiment.state.status', StringEquals: status })), Next: 'Over' },
    ],
    Default: 'Watch',
  },
  Over: { Type: 'Pass', OutputPath: '$.experiment', End: true },
});

/** However it ended: stopped, judged, told, and the place of the running drill free again. */
const ending = ({ functions, topic, table, environment, stopMachine }: DrillWorkflowParts): States => ({
  Stop: {
    Type: 'Task',
    Resource: 'arn:aws:states:::states:startExecution',
    Parameters: { StateMachineArn: stopMachine, Input: { 'drill.$': '$.drill', 'run.$': '$.run' } },
    ResultPath: null,
    ...caught('Record', '$.notStopped'),
    Next: 'Record',
  },
  Record: { ...call(functions.record, '$.recorded', 60), ...caught('TellUnrecorded', '$.notRecorded'), Next: 'Page' },
  Page: {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functions.page, 'Payload.$': '$.recorded.answer' },
    ResultPath: null,
    TimeoutSeconds: 60,
    Retry: RETRY,
    ...caught('Tell', '$.noPage'),
    Next: 'Tell',
  },
  Tell: {
    ...tell(topic, `${environment}: drill {}: {}. {}`, '$.drill', '$.recorded.answer.verdict', '$.recorded.answer.because'),
    ...caught('Release', '$.notTold'),
    Next: 'Release',
  },
  TellUnrecorded: {
    ...tell(topic, `${environment}: the drill {} (execution {}) could not be recorded: it proves nothing`, '$.drill', '$.run'),
    ...caught('Release', '$.notTold'),
    Next: 'Release',
  },
  Release: {
    Type: 'Task',
    Resource: 'arn:aws:states:::dynamodb:deleteItem',
    Parameters: {
      TableName: table,
      Key: { id: { S: 'running' } },
      ConditionExpression: '#run = :run',
      ExpressionAttributeNames: { '#run': 'run' },
      ExpressionAttributeValues: { ':run': { 'S.$': '$.run' } },
    },
    ResultPath: null,
    // It never had the place, or the dead man's timer gave it away: then there is nothing to free.
    Catch: [{ ErrorEquals: ['DynamoDB.ConditionalCheckFailedException'], ResultPath: null, Next: 'Done' }],
    Next: 'Done',
  },
  Done: { Type: 'Succeed' },
});

export const drillWorkflow = (parts: DrillWorkflowParts): Machine => ({
  Comment: `Carries out a drill of ${parts.environment}: guards, start, dead man's timer, fault, measurement, evidence`,
  StartAt: 'Begin',
  TimeoutSeconds: parts.longest + 600,
  States: { ...deciding(parts), ...preparing(parts), ...breaking(parts), ...ending(parts) },
});
