import { onSteps } from '../../lambdas/runtime/handler';
import { Refused } from '../../lib/failover/errors';
import { failoverSettings } from '../../lib/failover/settings';
import { namedEnvironment } from '../stacks/environments';

const settings = failoverSettings(namedEnvironment('production'), 'us-east-1', '123456789012');
const RUN = {
  direction: 'failover',
  target: 'us-east-1',
  fromEpoch: 7,
  renewals: 900,
  person: null,
  because: 'three of four signals',
  forceLoss: null,
  dryRun: false,
};
const task = (run: object = {}, rest: object = {}): unknown => ({
  step: 'fence',
  attempt: 'production-7',
  startedAt: '2026-11-22T15:00:00Z',
  at: '2026-11-22T15:00:01Z',
  run: { ...RUN, ...run },
  ...rest,
});
const handler = onSteps(settings, {
  fence: ({ request }) => Promise.resolve({ kind: 'fenced', because: `epoch ${request.fromEpoch + 1}`, details: { startedAt: request.startedAt } }),
});

let logged: jest.SpyInstance;
beforeEach(() => {
  logged = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => jest.restoreAllMocks());

test('a step is given what the state machine knows, and says what it says', async () => {
  expect(await handler(task())).toEqual({ kind: 'fenced', because: 'epoch 8', details: { startedAt: Date.parse('2026-11-22T15:00:00Z') } });
});

test.each<[string, object, RegExp]>([
  ['another region', { target: 'eu-central-1' }, /target: given "eu-central-1"; allowed: us-east-1, the region that this machine runs in/],
  ['no region', { target: undefined }, /target: given nothing/],
  ['an epoch that is none', { fromEpoch: 'seven' }, /fromEpoch: given "seven"/],
  ['epoch 0', { fromEpoch: 0 }, /fromEpoch: given 0; allowed: a whole number above 0/],
  ['a way that is none', { direction: 'sideways' }, /direction: given "sideways"; allowed: failover or failback/],
  ['a loss without a name', { person: 'alice', forceLoss: { reason: 'they said so', by: ' ' } }, /forceLoss: given .*; allowed: null, or \{reason, by\}/],
  ['a loss that the decider accepts', { forceLoss: { reason: 'why not', by: 'decider' } }, /forceLoss: given by the decider; allowed: by a person only/],
])('%s is refused as input, with what is allowed', async (_, run, message) => {
  await expect(handler(task(run))).rejects.toMatchObject({ name: 'InvalidInput', message: expect.stringMatching(message) });
});

test('everything that is wrong is said at once', async () => {
  await expect(handler(task({ target: 'x', fromEpoch: -1, dryRun: 'no' }))).rejects.toMatchObject({
    message: expect.stringMatching(/target:.*\nfromEpoch:.*\ndryRun:/),
  });
});

test.each([undefined, null, 'hello', {}, { run: 1 }])('%j is no task', async (event) => {
  await expect(handler(event)).rejects.toMatchObject({ name: 'InvalidInput' });
});

test('a step that the function does not know is named with those that it does', async () => {
  await expect(handler(task({}, { step: 'dance' }))).rejects.toMatchObject({ name: 'InvalidInput', message: 'step: given "dance"; allowed: fence' });
});

test('an error keeps the name by which the state machine knows it, and is logged', async () => {
  const refusing = onSteps(settings, { fence: () => Promise.reject(new Refused('no')) });
  await expect(refusing(task())).rejects.toMatchObject({ name: 'Refused' });
  expect(logged).toHaveBeenCalledWith(expect.stringContaining('"attempt":"production-7"'));
  expect(logged).toHaveBeenCalledWith(expect.stringContaining('"error":"Refused","because":"no"'));
});
