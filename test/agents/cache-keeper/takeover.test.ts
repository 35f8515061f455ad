import { planTakeover } from '../../../agents/cache-keeper/takeover';
import { changeNode, EXPECTED, healthy, without } from './cluster';

const twoMastersLost = without(healthy(), 'cache-b-0', 'cache-c-0');

test('does nothing to a cluster whose shards have masters', () => {
  expect(planTakeover(healthy(), EXPECTED, true)).toMatchObject({ kind: 'nothing' });
  expect(planTakeover(without(healthy(), 'cache-a-1'), EXPECTED, true)).toMatchObject({ kind: 'nothing' });
});

test('is refused while a majority of the masters answers: the cluster does it better', () => {
  expect(planTakeover(without(healthy(), 'cache-b-0'), EXPECTED, true)).toMatchObject({
    kind: 'refused',
    because: expect.stringMatching(/fails over by itself/) as string,
  });
});

test('is refused until a person has confirmed that the silent masters are down, and names them', () => {
  const plan = planTakeover(twoMastersLost, EXPECTED, false);
  expect(plan).toMatchObject({ kind: 'refused' });
  expect(plan.kind === 'refused' && plan.because).toMatch(/cache-b-0, cache-c-0 .*--confirm-down/);
});

test('takes the copy that has received the most, of each shard without a master', () => {
  const plan = planTakeover(changeNode(twoMastersLost, 'cache-a-2', { offset: 2000 }), EXPECTED, true);
  expect(plan).toMatchObject({
    kind: 'steps',
    steps: [
      { kind: 'take-over', pod: 'cache-a-2' },
      { kind: 'take-over', pod: 'cache-a-1' },
    ],
  });
});

test('with only one AZ left, the new masters ask for no more replicas than there are', () => {
  const plan = planTakeover(without(healthy(), ...['b', 'c'].flatMap((z) => [0, 1, 2].map((i) => `cache-${z}-${i}`))), EXPECTED, true);
  expect(plan.kind === 'steps' && plan.steps.map((s) => `${s.kind} ${s.pod}`).sort()).toEqual([
    'set-min-replicas cache-a-0',
    'set-min-replicas cache-a-1',
    'set-min-replicas cache-a-2',
    'take-over cache-a-1',
    'take-over cache-a-2',
  ]);
});

test('a shard without any copy is said, and nothing is done', () => {
  const plan = planTakeover(without(twoMastersLost, 'cache-a-2', 'cache-c-1'), EXPECTED, true);
  expect(plan).toMatchObject({ kind: 'refused' });
  expect(plan.kind === 'refused' && plan.because).toMatch(/no copy of shard 1/);
});
