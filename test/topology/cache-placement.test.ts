import { cachePlacement, crowdedShards, keyTag, slotOf, slotsOfShard, zoneLosses } from '../../lib/topology/cache-placement';

const zones = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];
const NINE = { shards: 3, replicasPerMaster: 2 } as const;

test('three shards with two replicas: every AZ has one master and a copy of every shard', () => {
  expect(cachePlacement(NINE, zones).map((p) => `${p.name}: shard ${p.shard}, copy ${p.copy}`)).toEqual([
    'cache-a-0: shard 0, copy 0',
    'cache-a-1: shard 2, copy 1',
    'cache-a-2: shard 1, copy 2',
    'cache-b-0: shard 1, copy 0',
    'cache-b-1: shard 0, copy 1',
    'cache-b-2: shard 2, copy 2',
    'cache-c-0: shard 2, copy 0',
    'cache-c-1: shard 1, copy 1',
    'cache-c-2: shard 0, copy 2',
  ]);
});

test.each([3, 6, 9])('%i shards: losing any one AZ leaves a majority of masters and every shard', (shards) => {
  for (const replicasPerMaster of [1, 2] as const) {
    expect(crowdedShards({ shards, replicasPerMaster }, zones)).toEqual([]);
    for (const loss of zoneLosses({ shards, replicasPerMaster }, zones))
      expect(loss).toMatchObject({ majorityLeft: true, shardsLost: [], fewestCopiesLeft: replicasPerMaster });
  }
});

test('four shards over three AZs: one AZ has two masters, and losing it loses the majority', () => {
  expect(zoneLosses({ shards: 4, replicasPerMaster: 2 }, zones).map((l) => l.majorityLeft)).toEqual([false, true, true]);
});

test('over two AZs a shard with two replicas has two copies in one of them', () => {
  expect(crowdedShards(NINE, zones.slice(0, 2))).toHaveLength(3);
});

test.each([3, 5, 16])('the slots of %i shards are all of them, each once', (shards) => {
  const ranges = Array.from({ length: shards }, (_, i) => slotsOfShard(i, shards));
  expect(ranges[0]?.[0]).toBe(0);
  expect(ranges.at(-1)?.[1]).toBe(16_383);
  for (const [i, [from]] of ranges.entries()) if (i > 0) expect(from).toBe((ranges[i - 1]?.[1] ?? 0) + 1);
});

test('keys are in the slots that the cluster’s specification gives them', () => {
  expect(slotOf('123456789')).toBe(0x31c3);
  expect(slotOf('foo')).toBe(12_182);
  expect(slotOf('{user1000}.following')).toBe(slotOf('user1000'));
  expect(slotOf('foo{}{bar}')).toBe(8363);
});

test('a tag puts a key into its shard', () => {
  for (let shard = 0; shard < 3; shard++) {
    const [from, to] = slotsOfShard(shard, 3);
    const slot = slotOf(`any:{${keyTag([from, to])}}`);
    expect(slot >= from && slot <= to).toBe(true);
  }
});
