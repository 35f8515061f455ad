/**
 * The two workflows as data: what a region does to take over when another one is lost (`failover`), and how the writes are handed back (`failback`). Pure.
 *
 * Up to `Commit` everything can be undone, and every failure leads to `Abort`. From there on there is only forward: what fails is tried again, and then a human is called;
 * the same command given again takes the run up where it stands, since every step is conditional on the epoch and on the step before it.
 */
import type { RegionFailover } from '../topology/types';
import { taskState, unlessCarriedOut, WHEN_CARRIED_OUT, type Task } from './workflow-tasks';
import type { ChoiceState, State, StateMachine, States } from './workflow-states';

export type WorkflowKind = 'failover' | 'failback';
export const WORKFLOWS: readonly WorkflowKind[] = ['failover', 'failback'];

/** Pause between two looks at the approvals. Seconds. */
const APPROVAL_POLL = 5;
/** What a promotion, a demotion or the end of the log may take until `NotYet` is an error. Seconds. */
const PATIENCE = { fence: 30, promote: 60, verify: 60, standby: 900 } as const;
/** Once promoted, nobody gives up early: about six minutes of trying before a human is called. */
const FORWARD_ATTEMPTS = 50;

type Timings = Pick<RegionFailover, 'approvalTimeout' | 'lease'>;
type Named = readonly [name: string, state: State];

const task = (timings: Timings, name: string, spec: Task): Named => [name, taskState(spec, timings)];
const choice = (name: string, variable: string, next: Readonly<Record<string, string>>, otherwise: string): Named => {
  const rules = Object.entries(next).map(([value, Next]) => ({ Variable: variable, StringEquals: value, Next }));
  return [name, { Type: 'Choice', Choices: rules, Default: otherwise } satisfies ChoiceState];
};
const fail = (name: string, error: string, cause: string): Named => [name, { Type: 'Fail', Error: error, Cause: cause }];

/** A failback begins while the old region has the lease. */
const prepare = (timings: Timings): Named =>
  task(timings, 'Drain', {
    handler: 'drain',
    step: 'drain',
    does: 'While clients are served still: what would make the end of the old primary long is done beforehand',
    result: 'drain',
    next: 'Lease',
    failure: 'Refuse',
  });

const begin = (kind: WorkflowKind): string => (kind === 'failover' ? 'Lease' : 'Drain');

/** Before anything is changed: a failure here ends the run, and there is nothing to undo. */
const decision = (kind: WorkflowKind, timings: Timings): readonly Named[] => [
  task(timings, 'Detect', {
    handler: 'record',
    step: 'begin',
    does: 'Is what was asked for complete and meant for this region; and what was seen that led to it',
    result: 'detect',
    next: 'Precheck',
    failure: 'Refuse',
  }),
  task(timings, 'Precheck', {
    handler: 'precheck',
    step: kind,
    does: 'Target, lag, cooldown, epoch: may it go on by itself, with two approvals, or not at all',
    result: 'precheck',
    next: 'Decide',
    failure: 'Refuse',
  }),
  choice('Decide', '$.precheck.kind', { go: begin(kind), approve: 'Approve', planned: 'Planned' }, 'Refuse'),
  task(timings, 'Approve', {
    handler: 'approve',
    step: kind,
    does: 'Two different people, for this run and this epoch, in time',
    result: 'approval',
    next: 'Approved',
    failure: 'Refuse',
  }),
  choice('Approved', '$.approval.kind', { granted: begin(kind), waiting: 'AwaitApproval' }, 'Refuse'),
  ['AwaitApproval', { Type: 'Wait', Seconds: APPROVAL_POLL, Next: 'Approve' }],
  ...(kind === 'failover' ? [] : [prepare(timings)]),
  task(timings, 'Lease', {
    handler: 'lease',
    step: 'take',
    does: 'The epoch rises, and the right to write is promised to the target; nobody else can do the same now',
    result: 'lease',
    next: kind === 'failover' ? 'Secure' : 'Fence',
    failure: 'Abort',
  }),
];

const branch = (...states: readonly Named[]): States => ({ StartAt: states[0]?.[0] ?? '', States: Object.fromEntries(states) });

/** A fence is evidence, or the end of the old lease, which is waited for within one call: no clock of another machine counts. The room in the target is seen to meanwhile. */
const secure = (timings: Timings): readonly Named[] => [
  [
    'Secure',
    {
      Type: 'Parallel',
      Branches: [
        branch(
          task(timings, 'Fence', {
            handler: 'fence',
            step: 'fence',
            does: 'The target vouches for the old region no more; then its evidence that it commits nothing, or the end of its lease',
            patience: PATIENCE.fence,
            result: 'fence',
          }),
        ),
        branch(
          task(timings, 'Scale', {
            handler: 'precheck',
            step: 'scale',
            does: 'The target has the members and the room to carry all clients',
            result: 'scale',
          }),
        ),
      ],
      ResultSelector: { 'fence.$': '$[0].fence', 'scale.$': '$[1].scale' },
      ResultPath: '$.secured',
      Catch: unlessCarriedOut('Abort'),
      Next: 'Commit',
    },
  ],
];

/** The planned change: the old region ends by itself and has sent its log to the last byte. */
const handOver = (timings: Timings): readonly Named[] => [
  task(timings, 'Fence', {
    handler: 'fence',
    step: 'fence',
    does: 'The old region ends its primary and follows the target, which has all of its log',
    patience: PATIENCE.fence,
    result: 'fence',
    next: 'Commit',
    failure: 'Abort',
  }),
];

const forward = (spec: Omit<Task, 'attempts' | 'failure'>): Task => ({ attempts: FORWARD_ATTEMPTS, failure: 'PageHuman', ...spec });

const takeOver = (kind: WorkflowKind, timings: Timings): readonly Named[] => [
  task(timings, 'Commit', {
    handler: 'lease',
    step: 'commit',
    does: 'The point of no return: from here on the run can only go forward',
    result: 'commit',
    next: 'Promote',
    failure: 'Abort',
  }),
  task(
    timings,
    'Promote',
    forward({
      handler: 'promote',
      step: 'promote',
      does: 'The target becomes the primary region',
      patience: PATIENCE.promote,
      result: 'promote',
      next: 'Repoint',
    }),
  ),
  task(
    timings,
    'Repoint',
    forward({
      handler: 'repoint',
      step: 'repoint',
      does: 'The other standby regions follow the new primary',
      result: 'repoint',
      next: 'Verify',
    }),
  ),
  task(
    timings,
    'Verify',
    forward({
      handler: 'verify',
      step: 'verify',
      does: 'A row that carries the epoch is written and read back through the target',
      patience: PATIENCE.verify,
      result: 'verify',
      next: 'Switch',
    }),
  ),
  task(
    timings,
    'Switch',
    forward({
      handler: 'switch',
      step: 'switch',
      does: 'What the DNS tree looks at says that the target is active',
      result: 'switch',
      next: 'Settle',
    }),
  ),
  task(
    timings,
    'Settle',
    forward({
      handler: 'lease',
      step: 'settle',
      does: 'The lease is held by its new region for good; the cooldown begins',
      result: 'settled',
      next: kind === 'failover' ? 'Notify' : 'AwaitStandby',
    }),
  ),
  ...(kind === 'failover'
    ? []
    : [
        task(
          timings,
          'AwaitStandby',
          forward({
            handler: 'await-standby',
            step: 'await-standby',
            does: 'The old region follows and has everything: it could take over again',
            patience: PATIENCE.standby,
            result: 'standby',
            next: 'Notify',
          }),
        ),
      ]),
  task(timings, 'Notify', forward({ handler: 'notify', step: 'done', does: 'People are told what happened', result: 'notify', next: 'Done' })),
  ['Done', { Type: 'Succeed' }],
];

const ends = (timings: Timings): readonly Named[] => [
  ['Planned', { Type: 'Succeed' }],
  task(timings, 'Refuse', {
    handler: 'record',
    step: 'refused',
    does: 'Why not, recorded and told',
    result: 'refused',
    next: 'Refused',
    failure: 'Refused',
  }),
  task(timings, WHEN_CARRIED_OUT, {
    handler: 'record',
    step: 'carried-out',
    does: 'Another attempt has ended the same change: by whom, and in which epoch, recorded and told',
    result: 'carriedOut',
    next: 'CarriedOut',
    failure: 'CarriedOut',
  }),
  ['CarriedOut', { Type: 'Succeed' }],
  fail('Refused', 'Refused', 'Nothing was changed; the reason is in the output of the step before, and in the audit record.'),
  task(timings, 'Abort', {
    handler: 'abort',
    step: 'undo',
    does: 'The promise is withdrawn and the lease given back, unless the point of no return has been passed',
    attempts: FORWARD_ATTEMPTS,
    result: 'aborted',
    next: 'Undone',
    failure: 'PageHuman',
  }),
  choice('Undone', '$.aborted.kind', { undone: 'TellAborted', 'too-late': 'Promote', 'carried-out': WHEN_CARRIED_OUT }, 'PageHuman'),
  task(timings, 'TellAborted', { handler: 'notify', step: 'aborted', does: 'People are told', result: 'notify', next: 'Aborted', failure: 'Aborted' }),
  fail('Aborted', 'Aborted', 'What had been done was undone; the old region may write.'),
  task(timings, 'PageHuman', {
    handler: 'notify',
    step: 'page',
    does: 'Somebody has to look: the run could not be ended by itself',
    attempts: FORWARD_ATTEMPTS,
    result: 'paged',
    next: 'NeedsHuman',
    failure: 'NeedsHuman',
  }),
  fail('NeedsHuman', 'NeedsHuman', 'Tried again for as long as made sense. The same command given again takes the run up where it stands: docs/failover.md.'),
];

/** Everything beside the approvals ends within so long, or has called a human. Seconds. */
const WORK_LIMIT = 2 * 3600;

export const workflowOf = (kind: WorkflowKind, failover: Timings): StateMachine => ({
  Comment: kind === 'failover' ? 'This region takes over from one that is lost' : 'This region takes the writes back from one that has taken over',
  StartAt: 'Detect',
  TimeoutSeconds: WORK_LIMIT + Math.ceil(failover.approvalTimeout),
  States: Object.fromEntries([
    ...decision(kind, failover),
    ...(kind === 'failover' ? secure : handOver)(failover),
    ...takeOver(kind, failover),
    ...ends(failover),
  ]),
});
