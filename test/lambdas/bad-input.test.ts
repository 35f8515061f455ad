/**
 * What must be refused or survived, through the functions as they are deployed: bundled, in processes of their own, driven by the very state machine, against an AWS, doors
 * and a pooler that speak over TLS. Each has a reason, and is recorded.
 */
import { advance } from '../../lib/failover/lease';
import { executionOf } from '../../lib/failover/steps/run';
import { approvalsId } from '../../lib/failover/approval-token';
import type { Ended } from './cloud/interpreter';
import { Deployment, environment, HOME, OTHER, World } from './cloud/world';

jest.setTimeout(120_000);

const NAME = `${environment.name}-1`;
let deployment: Deployment;
let world: World;
beforeAll(() => {
  deployment = new Deployment();
});
afterAll(() => deployment.remove());
beforeEach(async () => {
  world = await World.open(deployment);
});
afterEach(() => world.close());

/** The home region is lost: it says nothing, and does not renew its lease. */
const loseHome = (): void => {
  world.regions[HOME].silent = true;
};
const recorded = (): string => JSON.stringify(world.audit());

test('a region that is lost: the other one is promoted, a row is written, clients are sent there, and people are told', async () => {
  loseHome();
  expect(await world.run()).toMatchObject({ status: 'SUCCEEDED' });
  expect(world.lease()).toMatchObject({ holder: OTHER, epoch: 2, phase: 'held' });
  expect(world.regions[OTHER].role).toMatchObject({ follows: false, epoch: 2 });
  expect([...world.aws.objects.values()].map(({ text }) => text)).toEqual(Array(3).fill(`active=${OTHER} epoch=2\n`));
  expect(world.pooler.written).toEqual([2]);
  expect(world.aws.told.join()).toContain('is done');
  expect(world.audit().map(({ step }) => step)).toEqual(['begin', 'done']);
});

test('a target that has the lease already', async () => {
  loseHome();
  expect(await world.run({ target: HOME, person: 'ada' })).toMatchObject({ error: 'Refused' });
  expect(recorded()).toContain(`${HOME} holds the lease already`);
  expect(world.lease()).toMatchObject({ holder: HOME, epoch: 1, phase: 'held' });
});

test('an epoch that has passed', async () => {
  loseHome();
  world.putLease({ ...world.lease(), execution: null, epoch: 3 });
  expect(await world.run({ fromEpoch: 1 })).toMatchObject({ error: 'Refused' });
  expect(recorded()).toContain("given: epoch 1; the lease is eu-central-1's in epoch 3: what was observed is old");
});

test('an input that is none of ours', async () => {
  expect(await world.run({ fromEpoch: -7 })).toMatchObject({ error: 'Refused', states: ['Detect', 'Refuse', 'Refused'] });
  expect(world.lease().epoch).toBe(1);
});

describe('approvals', () => {
  /** The home region is alive: two people have to agree. They have agreed when the run asks. */
  const askedWith = async (...approvals: readonly unknown[]): ReturnType<World['run']> => {
    approvals.forEach((approval) => world.putApproval(NAME, approval));
    return world.run({ person: 'ada' });
  };
  const question = { attempt: NAME, epoch: 1 };

  test('of two people who have signed let it go on', async () => {
    const approvals = await Promise.all(['ada', 'grace'].map((name) => world.sign(world.person(name), question)));
    expect(await askedWith(...approvals)).toMatchObject({ status: 'SUCCEEDED' });
    expect(recorded()).toContain('user/grace');
  });

  test.each<[string, () => Promise<readonly unknown[]>, RegExp]>([
    [
      'written by hand',
      () => Promise.resolve([{ verdict: 'approve', attempt: NAME, epoch: 1, at: 1, claims: 'grace' }]),
      /forged: who it is from is not proven/,
    ],
    ['signed with a key that AWS does not know', async () => [await world.sign({ accessKeyId: 'KEYX', secretAccessKey: 'x' }, question)], /forged/],
    [
      'signed with a wrong secret',
      async () => [await world.sign({ accessKeyId: world.person('grace').accessKeyId, secretAccessKey: 'guessed' }, question)],
      /forged/,
    ],
    ['given for another run', async () => [{ ...(await world.sign(world.person('grace'), { attempt: 'other-1', epoch: 1 })), attempt: NAME }], /forged/],
    ['given for an earlier epoch', async () => [await world.sign(world.person('grace'), { attempt: NAME, epoch: 0 })], /stale: it is for epoch 0/],
  ])('%s count for nothing, and the run ends without having changed anything', async (_, bad, because) => {
    const right = await world.sign(world.person('ada'), question);
    const reject = await world.sign(world.person('alan'), question, 'reject');
    // Alan says no after a while, so that the test ends.
    setTimeout(() => world.putApproval(NAME, reject), 1500);
    expect(await askedWith(right, ...(await bad()))).toMatchObject({ error: 'Refused' });
    expect(recorded()).toMatch(because);
    expect(recorded()).toContain('user/alan has rejected it');
    expect(world.lease()).toMatchObject({ holder: HOME, epoch: 1 });
  });

  test('lie where the function finds them', () => expect(approvalsId(NAME)).toBe(`approval#${NAME}`));
});

test('two operators at once, to the same region: one change, one promotion, whoever drives it', async () => {
  loseHome();
  const both = await Promise.all([world.run(), world.run({}, `${NAME}-2`)]);
  expect(world.lease()).toMatchObject({ holder: OTHER, epoch: 2, phase: 'held' });
  expect(world.pooler.written.every((epoch) => epoch === 2)).toBe(true);
  // Whoever comes to a step after the other one has ended is told so; who marks the last step together with the other one has done it as well.
  expect(both.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  expect(both.map(({ states }) => states.at(-1))).toContain('Done');
  for (const { states } of both) expect(['Done', 'CarriedOut']).toContain(states.at(-1));
  expect(world.aws.told.join()).not.toContain('needs somebody');
});

describe('an operator who comes later, to a change that another one has ended meanwhile', () => {
  const BY_ADA = `carried out already by ada (${NAME}), in epoch 2: ${OTHER} holds the lease`;
  /** Ada's run, whole, at the moment that Grace's comes to a state. */
  const adaEndsItAt = (state: string): Promise<Ended> => {
    const functions = world.functions(OTHER);
    return world.run({ person: 'grace' }, `${NAME}-2`, functions, async (next) => {
      if (next === state) expect(await world.run({ person: 'ada', fromEpoch: 1 }, NAME, functions)).toMatchObject({ status: 'SUCCEEDED' });
    });
  };

  test.each(['Precheck', 'Lease', 'Secure', 'Promote', 'Switch'])('at %s: by whom, and in which epoch', async (state) => {
    loseHome();
    const late = await adaEndsItAt(state);
    expect(late).toMatchObject({ status: 'SUCCEEDED' });
    expect(late.states.slice(-3)).toEqual([state === 'Secure' ? expect.stringMatching(/Fence|Scale/) : state, 'TellCarriedOut', 'CarriedOut']);
    expect(JSON.stringify(late.output)).toContain(BY_ADA);
    expect(recorded()).toContain(BY_ADA);
    expect(world.lease()).toMatchObject({ holder: OTHER, epoch: 2, phase: 'held' });
    expect(world.aws.told.join()).not.toMatch(/needs somebody|was given up/);
  });
});

test('somebody else is moving the lease: the later one is told so, and stops', async () => {
  loseHome();
  const settings = world.settings(OTHER);
  const execution = executionOf(settings, { fromEpoch: 1, direction: 'failback', target: OTHER });
  const { record } = advance(world.lease(), { fromEpoch: 1, to: OTHER, execution, now: Date.now() });
  if (record === null) throw new Error('not advanced');
  world.putLease(record);
  expect(await world.run({ fromEpoch: 1 })).toMatchObject({ error: 'Refused' });
  expect(recorded()).toContain(`${execution} is moving the lease to ${OTHER} already`);
});

describe('a missing permission', () => {
  test('to read the lease: refused at once, with what to allow', async () => {
    loseHome();
    world.aws.forbidden.add('GetItem');
    expect(await world.run()).toMatchObject({ error: 'Refused', states: ['Detect', 'Precheck', 'Refuse', 'Refused'] });
    expect(recorded()).toMatch(/not permitted \(AccessDeniedException.*allow it in the policy of whoever asks/);
  });

  test('to write the switch objects, past the point of no return: a human is called, with the reason', async () => {
    loseHome();
    world.aws.forbidden.add('PutObject');
    expect(await world.run()).toMatchObject({ error: 'NeedsHuman' });
    expect(world.aws.told.join()).toContain('needs somebody');
    expect(recorded()).toMatch(/AccessDenied/);
    expect(world.lease()).toMatchObject({ holder: OTHER, step: 'verified' });
  });

  test('to tell people: the run is done, and recorded all the same', async () => {
    loseHome();
    world.aws.forbidden.add('Publish');
    await world.run();
    expect(world.lease()).toMatchObject({ holder: OTHER, phase: 'held' });
    expect(world.audit().map(({ step }) => step)).toContain('done');
  });
});

test('a switch object with another text is overwritten, and what it said is recorded', async () => {
  loseHome();
  world.aws.objects.set('eu-west-3', { text: '<html>maintenance</html>', version: 7 });
  expect(await world.run()).toMatchObject({ status: 'SUCCEEDED' });
  expect(world.aws.objects.get('eu-west-3')).toMatchObject({ text: `active=${OTHER} epoch=2\n` });
  expect(recorded()).toMatch(/eu-west-3 said \\"<html>maintenance<\/html>\\"/);
});

test.each([10_000, -10_000])('functions whose clock is wrong by %i ms: the fence takes as long, and the region is taken over', async (skew) => {
  loseHome();
  const functions = world.functions(OTHER, skew);
  const began = performance.now();
  expect(await world.run({}, NAME, functions)).toMatchObject({ status: 'SUCCEEDED' });
  // The lease of 1 s and the margin of 1 s of this test.
  expect(performance.now() - began).toBeGreaterThan(2000);
  expect(world.lease()).toMatchObject({ holder: OTHER, epoch: 2 });
});

test('a primary region whose clock is 10 s ahead is not taken for one that is far behind', async () => {
  loseHome();
  world.putLease({ ...world.lease(), renewedAt: Date.now() + 10_000 });
  world.regions[OTHER].newestRow = Date.now() + 9_000;
  expect(await world.run()).toMatchObject({ status: 'SUCCEEDED' });
});

test.each<['read-only' | 'stale' | 'gone']>([['read-only'], ['stale'], ['gone']])(
  'a database that is %s: nobody is sent there, and somebody is called',
  async (mood) => {
    loseHome();
    world.pooler.mood = mood;
    expect(await world.run()).toMatchObject({ error: 'NeedsHuman' });
    expect(world.aws.objects.size).toBe(0);
    expect(world.lease().step).toBe('repointed');
  },
);
