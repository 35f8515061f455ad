/** How the workflows call their functions: what a task is given, how long it may take, what is tried again, and where its failure leads. */
import type { RegionFailover } from '../topology/types';
import type { Catch, Retry, TaskState } from './workflow-states';

/** The functions; a folder each in `lambdas/`. The decider is the witness region's, the others run in each region that can become the target. */
export const WORKFLOW_HANDLERS = [
  'record',
  'precheck',
  'approve',
  'lease',
  'drain',
  'fence',
  'promote',
  'repoint',
  'verify',
  'switch',
  'await-standby',
  'notify',
  'abort',
] as const;
export type WorkflowHandler = (typeof WORKFLOW_HANDLERS)[number];

/** The names of errors that the functions throw; Lambda reports them, the machine tells them apart. */
export const ERRORS = {
  /** The answer is no, and asking again would not change it. */
  refused: 'Refused',
  /** What was given is not what the machine understands. */
  invalidInput: 'InvalidInput',
  /** Another attempt at the same change has ended it: there is nothing left to do. */
  carriedOut: 'CarriedOut',
  /** Right, but not done yet: asked again every second. */
  notYet: 'NotYet',
  /** Somebody who has to be asked did not answer. */
  noAnswer: 'NoAnswer',
} as const;

/** What the template calls the function. */
export const placeholderName = (handler: WorkflowHandler): string => handler.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
/** The placeholder that the template replaces by the function's ARN. */
const placeholder = (handler: WorkflowHandler): string => `\${${placeholderName(handler)}}`;

/** What comes back of every task. The rest of the call's answer (headers, status) would only fill the state, which has 256 KiB. */
export const OUTCOME = { 'kind.$': '$.Payload.kind', 'because.$': '$.Payload.because', 'details.$': '$.Payload.details' } as const;

export interface Task {
  readonly handler: WorkflowHandler;
  /** What the function is to do, where it can do more than one thing. */
  readonly step: string;
  /** For people who look at the machine. */
  readonly does: string;
  /** Seconds for which `NotYet` is asked again. */
  readonly patience?: number;
  /** How often an error that may pass is tried again. */
  readonly attempts?: number;
  /** Where its result is put: `$.<result>`. */
  readonly result: string;
  readonly next?: string;
  /** Where a failure leads; within a branch there is none: it is the branch's. */
  readonly failure?: string;
}

const ATTEMPTS = 5;

/** In this order, since the first that matches counts. A refusal is never tried again; a time-out, a crash, a throttled call or a service that does not answer is. */
const retries = ({ patience = 0, attempts = ATTEMPTS }: Task): readonly Retry[] => [
  { ErrorEquals: [ERRORS.refused, ERRORS.carriedOut, ERRORS.invalidInput], MaxAttempts: 0 },
  ...(patience === 0 ? [] : [{ ErrorEquals: [ERRORS.notYet], IntervalSeconds: 1, MaxAttempts: patience, BackoffRate: 1 }]),
  { ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: attempts, BackoffRate: 2, MaxDelaySeconds: 8 },
];

/** Where a run goes on that finds everything done by another attempt. */
export const WHEN_CARRIED_OUT = 'TellCarriedOut';
/** These look at the lease before they do anything. */
const KNOW_THE_LEASE: readonly WorkflowHandler[] = ['precheck', 'approve', 'drain', 'lease', 'fence', 'promote', 'repoint', 'verify', 'switch'];
export const knowsTheLease = ({ Parameters: { FunctionName: name } }: Pick<TaskState, 'Parameters'>): boolean =>
  KNOW_THE_LEASE.some((handler) => name === placeholder(handler));

/** Whatever goes wrong is kept as `$.error` and leads to one place. */
export const failsTo = (next: string): readonly Catch[] => [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: next }];
/** The same, for what may find that there is nothing left to do. */
export const unlessCarriedOut = (next: string): readonly Catch[] => [
  { ErrorEquals: [ERRORS.carriedOut], ResultPath: '$.error', Next: WHEN_CARRIED_OUT },
  ...failsTo(next),
];

/** Seconds that a call may take: whoever is asked gives up sooner by himself. */
const CALL_LIMIT = 15;
/** A fence waits out the old lease within one call, after it has asked everybody. Seconds. */
const fenceLimit = ({ lease }: Pick<RegionFailover, 'lease'>): number => Math.ceil(lease.duration + lease.margin) + 30;
/** While clients are served: a checkpoint, and its replay on the other side. Seconds. */
const DRAIN_LIMIT = 90;

/** The function's own limit, the same as its task's: whoever waits for an answer learns that there will be none. Seconds. */
export const functionTimeout = (handler: WorkflowHandler | 'decider', failover: Pick<RegionFailover, 'lease'>): number => {
  if (handler === 'fence') return fenceLimit(failover);
  if (handler === 'drain') return DRAIN_LIMIT;
  // A person's precheck waits for two renewals as well.
  return handler === 'precheck' ? CALL_LIMIT + Math.ceil(2 * failover.lease.renewEvery) : CALL_LIMIT;
};

export const taskState = (task: Task, timings: Pick<RegionFailover, 'lease'>): TaskState => ({
  Type: 'Task',
  Comment: task.does,
  Resource: 'arn:${Partition}:states:::lambda:invoke',
  Parameters: {
    FunctionName: placeholder(task.handler),
    Payload: { step: task.step, 'attempt.$': '$$.Execution.Name', 'startedAt.$': '$$.Execution.StartTime', 'at.$': '$$.State.EnteredTime', 'run.$': '$' },
  },
  ResultSelector: OUTCOME,
  ResultPath: `$.${task.result}`,
  TimeoutSeconds: functionTimeout(task.handler, timings),
  Retry: retries(task),
  ...(task.failure === undefined ? {} : { Catch: (KNOW_THE_LEASE.includes(task.handler) ? unlessCarriedOut : failsTo)(task.failure) }),
  ...(task.next === undefined ? { End: true as const } : { Next: task.next }),
});
