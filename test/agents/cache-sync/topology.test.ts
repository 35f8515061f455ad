import { holds, keyIn, mastersOf, sameShard, slotOf, SLOTS } from '../../../agents/cache-sync/topology';

const NODES = `07c37df 10.50.101.4:6379@16379,cache-0 myself,master - 0 0 1 connected 0-5460 5462
67ed2db 10.50.102.5:6379@16379,cache-1 master - 0 1426238316232 2 connected 5461 5463-10922 [93-<-292f8b3]
292f8b3 10.50.103.6:6379@16379,cache-2 master,fail - 1426238317741 1426238316232 3 connected 10923-16383
6ec2392 10.50.101.7:6379@16379,cache-3 slave 67ed2db 0 1426238316232 2 connected
824fe11 10.50.102.8:6379@16379,cache-4 master,fail? - 0 0 5 connected 10923-16383
e7d1eec :0@0 master,noaddr - 0 0 0 disconnected 1-2
aaaaaaa 10.50.103.9:6379@16379 master - 0 0 0 connected
`;

describe('CLUSTER NODES', () => {
  test('gives the masters with slots, without those the majority calls failed', () =>
    expect(mastersOf(NODES)).toEqual([
      {
        id: '07c37df',
        host: '10.50.101.4',
        port: 6379,
        slots: [
          { from: 0, to: 5460 },
          { from: 5462, to: 5462 },
        ],
      },
      {
        id: '67ed2db',
        host: '10.50.102.5',
        port: 6379,
        slots: [
          { from: 5461, to: 5461 },
          { from: 5463, to: 10_922 },
        ],
      },
      { id: '824fe11', host: '10.50.102.8', port: 6379, slots: [{ from: 10_923, to: 16_383 }] },
    ]));

  test('a shard whose slots or address changed is another one', () => {
    const [first, second] = mastersOf(NODES);
    if (first === undefined || second === undefined) throw new Error('two masters were expected');
    expect(sameShard(first, { ...first })).toBe(true);
    expect(sameShard(first, { ...first, port: 6380 })).toBe(false);
    expect(sameShard(first, { ...first, slots: second.slots })).toBe(false);
  });
});

describe('the slot of a key', () => {
  // From the Redis Cluster specification and `CLUSTER KEYSLOT`.
  test.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{user1000}.following', 3443],
    ['{user1000}.followers', 3443],
    ['foo{}{bar}', 8363],
    ['', 0],
  ])('%j is %i', (key, slot) => expect(slotOf(Buffer.from(key))).toBe(slot));

  test('a key is found for every slot', () => {
    for (const slot of [0, 1, 5460, 8191, SLOTS - 1]) {
      const slots = [{ from: slot, to: slot }];
      expect(holds({ slots }, slotOf(Buffer.from(keyIn('holdfast:heartbeat:', slots))))).toBe(true);
    }
  });
});
