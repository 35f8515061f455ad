import { ended, verdictOf } from '../../bin/failover/ends';
import { fromEpoch, type Outcome } from '../../bin/failover/runs';
import type { World } from '../../bin/failover/world';
import { labFailover } from '../../lib/environments/lab-failover';
import { advance, create } from '../../lib/failover/lease';
import { leaseExecution } from '../../lib/failover/names';
import { defineEnvironment } from '../../lib/topology/define';
import { commandLine, type CommandLine } from './command-line';

jest.setTimeout(60_000);

/** Nobody, and nobody who could be asked. */
const NOBODY = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

describe('holdfast failover, failback and status', () => {
  let holdfast: CommandLine;
  beforeAll(async () => {
    holdfast = await commandLine();
  });
  afterAll(() => holdfast.remove());

  test.each<[string, readonly string[], RegExp]>([
    ['a region that is none', ['failover', 'mars-1'], /region: given "mars-1"; allowed: eu-central-1, us-east-1/],
    ['no region', ['failback'], /missing required argument 'region'/],
    ['a loss without a reason', ['failover', 'us-east-1', '--force-loss', ' '], /--force-loss: given nothing; allowed: why the loss is accepted/],
    ['a failback that loses something', ['failback', 'eu-central-1', '--force-loss', 'x'], /unknown option '--force-loss'/],
    ['a lab’s environment on AWS', ['status', '--environment', 'lab-failover'], /which is a lab's; use --lab <name>/],
    ['an environment that is none', ['status', '--environment', 'moon'], /moon/],
    ['an environment without failover', ['status', '--environment', 'dev'], /has no failover/],
    ['a person on AWS', ['failover', 'us-east-1', '--as', 'ada'], /--as: given without --lab; allowed: on AWS you are who your credentials say/],
    ['an attempt that is not named', ['failover', 'abort'], /missing required argument 'attempt'/],
  ])('%s is refused with exit code 2, and with what is allowed', async (_, args, message) => {
    const { code, stderr, stdout } = await holdfast.run(args, NOBODY);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test.each([
    ['failover', 'us-east-1', '--plan'],
    ['failover', 'approve'],
    ['failback', 'eu-central-1'],
    ['status', '--json'],
  ])('%s %s: without credentials exit code 3, and how to give them', async (...args) => {
    const { code, stderr, stdout } = await holdfast.run(args, NOBODY);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/AWS does not know who asks.*AWS_PROFILE.*--lab <name>/);
  });

  test.each([
    ['failover', 'us-east-1'],
    ['failback', 'eu-central-1'],
    ['status', '--json'],
  ])('%s %s: a lab that does not run is exit code 5, and how to start it', async (...args) => {
    const { code, stderr } = await holdfast.run([...args, '--lab', 'nowhere'], NOBODY);
    expect(code).toBe(5);
    expect(stderr).toMatch(/lab "nowhere" is not running; start it with `holdfast lab up/);
  });
});

describe('from which epoch a run moves the lease', () => {
  const environment = defineEnvironment(labFailover);
  const first = create(null, { environment: environment.name, region: 'eu-central-1', epoch: 7, now: 0 }).record!;
  const execution = leaseExecution(environment, 7, 'failover', 'us-east-1');
  const moving = advance(first, { fromEpoch: 7, to: 'us-east-1', execution, now: 0 }).record!;

  test('the present one', () => expect(fromEpoch({ environment }, first, { direction: 'failover', target: 'us-east-1' })).toBe(7));
  test('the one before, when the same run was interrupted: it is taken up', () =>
    expect(fromEpoch({ environment }, moving, { direction: 'failover', target: 'us-east-1' })).toBe(7));
  test.each([
    { direction: 'failback', target: 'us-east-1' },
    { direction: 'failover', target: 'eu-central-1' },
  ] as const)('not that of another run: %j', (wanted) => expect(fromEpoch({ environment }, moving, wanted)).toBe(8));
});

describe('what it means that a run has ended', () => {
  test.each([
    ['Done', 'done'],
    ['Planned', 'planned'],
    ['CarriedOut', 'already-carried-out'],
    ['Refused', 'refused'],
    ['Aborted', 'given-up'],
    ['NeedsHuman', 'needs-human'],
    ['Promote', 'failed'],
  ])('in %s: %s', (state, verdict) => expect(verdictOf(['Detect', state])).toBe(verdict));

  /** As far as a run that has ended needs it. */
  const worldWith = (holder: string): Pick<World, 'lease'> => ({ lease: { read: () => Promise.resolve({ ...first, holder }) } as unknown as World['lease'] });
  const first = create(null, { environment: 'e', region: 'eu-central-1', epoch: 2, now: 0 }).record!;
  const because = 'carried out already by ada (e-1), in epoch 2: us-east-1 holds the lease';
  const late = (output: Outcome['output']): Outcome => ({ status: 'SUCCEEDED', error: undefined, states: ['Lease', 'TellCarriedOut', 'CarriedOut'], output });
  const caught = late({ error: { Error: 'CarriedOut', Cause: JSON.stringify({ errorType: 'CarriedOut', errorMessage: because }) } });

  test.each([
    ['a step found it', caught],
    ['an undoing found it', late({ error: { Error: 'NoAnswer', Cause: '{}' }, aborted: { kind: 'carried-out', because } })],
  ])('carried out by another one, as %s: exit code 0, and by whom', async (_, outcome) => {
    const told = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await ended(worldWith('us-east-1'), 'us-east-1', 'e-1-2', outcome, false)).toBe(0);
    expect(told.mock.calls.join()).toContain(because);
    told.mockRestore();
  });

  test('carried out by another one, and moved on since: exit code 1, and where to look', async () => {
    await expect(ended(worldWith('eu-central-1'), 'us-east-1', 'e-1-2', caught, false)).rejects.toMatchObject({
      exitCode: 1,
      message: `${because}; us-east-1 does not have the lease any more: holdfast status`,
    });
  });
});
