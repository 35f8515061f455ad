import validate from 'asl-validator';
import { lintWorkflow } from '../../lib/failover/workflow-lint';
import type { State, StateMachine, TaskState } from '../../lib/failover/workflow-states';
import { WORKFLOW_HANDLERS } from '../../lib/failover/workflow-tasks';
import { workflowOf, WORKFLOWS } from '../../lib/failover/workflow';
import { minutes, seconds } from '../../lib/topology/units';

const timings = { approvalTimeout: minutes(15), lease: { duration: seconds(10), renewEvery: seconds(2), requestTimeout: seconds(1), margin: seconds(3) } };
const failover = workflowOf('failover', timings);
const failback = workflowOf('failback', timings);

/** The machine with some of its states changed, or removed by `undefined`. */
const planted = (changes: Readonly<Record<string, State | undefined>>, machine: StateMachine = failover): StateMachine => ({
  ...machine,
  States: Object.fromEntries(Object.entries({ ...machine.States, ...changes }).flatMap(([name, state]) => (state === undefined ? [] : [[name, state]]))),
});
const taskOf = (name: string, machine: StateMachine = failover): TaskState => {
  const state = machine.States[name];
  if (state?.Type !== 'Task') throw new Error(`${name} is no task`);
  return state;
};
const given = (machine: StateMachine): readonly string[] => lintWorkflow(machine).map((f) => `${f.state}: ${f.given}`);

describe.each(WORKFLOWS)('the workflow %s', (kind) => {
  const machine = workflowOf(kind, timings);

  test('is one that the published validator of the states language accepts', () => {
    // Placeholders of the template stand where ARNs will be.
    const text = JSON.stringify(machine)
      .replaceAll('${Partition}', 'aws')
      .replace(/\$\{\w+\}/g, 'arn:aws:lambda:us-east-1:123456789012:function:f');
    const { isValid, errorsText } = validate(JSON.parse(text), { checkPaths: true, checkArn: true });
    expect(isValid ? '' : errorsText()).toBe('');
  });

  test('passes the checks of its own', () => {
    expect(lintWorkflow(machine)).toEqual([]);
  });

  test('ends for approvals that never come, and not before their time', () => {
    expect(machine.TimeoutSeconds).toBe(2 * 3600 + 15 * 60);
  });

  test('calls only functions that exist', () => {
    const called = [...JSON.stringify(machine).matchAll(/"FunctionName":"\$\{(\w+)\}"/g)].map((m) => m[1] ?? '');
    const names = WORKFLOW_HANDLERS.map((h) =>
      h
        .split('-')
        .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
        .join(''),
    );
    expect(called.length).toBeGreaterThan(10);
    for (const name of called) expect(names).toContain(name);
  });
});

test('the validator refuses a machine that leads nowhere', () => {
  expect(validate({ StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } }).isValid).toBe(false);
});

describe('the checks catch', () => {
  test.each<[string, StateMachine, string]>([
    ['a task without a limit', planted({ Verify: { ...taskOf('Verify'), TimeoutSeconds: 0 } }), 'Verify: no TimeoutSeconds'],
    ['a task without retries', planted({ Verify: { ...taskOf('Verify'), Retry: taskOf('Verify').Retry.slice(0, 1) } }), 'Verify: no Retry of States.ALL'],
    ['a refusal that is tried again', planted({ Lease: { ...taskOf('Lease'), Retry: taskOf('Lease').Retry.slice(1) } }), 'Lease: "Refused" is tried again'],
    ['a failure that nobody catches', planted({ Switch: { ...taskOf('Switch'), Catch: [] } }), 'Switch: no Catch of States.ALL'],
    [
      'a way back after the promotion',
      planted({ Verify: { ...taskOf('Verify'), Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Abort' }] } }),
      'Promote: a way leads back to "Abort"',
    ],
    [
      'a lease that is kept when the run fails',
      planted({ Commit: { ...taskOf('Commit'), Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Refuse' }] } }),
      'Commit: its failure leads to "Refuse"',
    ],
    [
      'a run that calls a human because another one has done the same',
      planted({ Verify: { ...taskOf('Verify'), Catch: (taskOf('Verify').Catch ?? []).slice(1) } }),
      'Verify: does not tell "CarriedOut" from a failure',
    ],
    [
      'a failure that passes for done',
      planted({ Fence: { ...taskOf('Fence', failback), Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'TellCarriedOut' }] } }, failback),
      'Fence: its failure leads to "TellCarriedOut"',
    ],
    ['a state that is never reached', planted({ Stray: { Type: 'Pass', End: true } }), 'Stray: no state leads to it'],
    ['a state that does not exist', planted({ Planned: undefined }), 'Decide: leads to "Planned", which does not exist'],
    [
      'a decision on what the service says about itself',
      planted({ Decide: { Type: 'Choice', Choices: [{ Variable: '$$.Execution.Name', StringEquals: 'x', Next: 'Planned' }], Default: 'Refuse' } }),
      'Decide: decides on $$.Execution.Name',
    ],
  ])('%s', (_, machine, finding) => {
    expect(given(machine)).toContain(finding);
  });

  test('a task without a limit within a branch', () => {
    const secure = failover.States.Secure;
    if (secure?.Type !== 'Parallel') throw new Error('Secure is no Parallel');
    const branches = secure.Branches.map((b) => ({
      ...b,
      States: Object.fromEntries(Object.entries(b.States).map(([n, s]) => [n, s.Type === 'Task' ? { ...s, TimeoutSeconds: 0 } : s])),
    }));
    expect(given(planted({ Secure: { ...secure, Branches: branches } }))).toEqual(['Fence: no TimeoutSeconds', 'Scale: no TimeoutSeconds']);
  });
});
