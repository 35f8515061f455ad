import { carryOutOrder, type OrderContext, type OrderDecision, type RegionOrder } from '../../lib/failover/region-orders';
import { followPatch, merged, roleOf } from '../../lib/failover/region-role';

const standbyCluster = { host: '10.0.0.1', port: 5433, primary_slot_name: 'standby', create_replica_methods: ['basebackup'] };
type Plain = Readonly<Record<string, unknown>>;
const FOLLOWING = merged({ ttl: 20 }, followPatch({ epoch: 4, primary: 'eu', standbyCluster }));
const PRIMARY: Plain = { ttl: 20, holdfast: { epoch: 4, primary: 'eu' } };
const EXECUTION = 'production-4';

const contextOf = (self: string, config: Plain): OrderContext => ({
  self,
  own: roleOf(config),
  now: 1_000,
  primaryStartTimeout: 0,
  standbyCluster: (region) => (region === 'us' || region === 'eu' ? standbyCluster : undefined),
});
const order = (kind: 'promise' | 'withdraw' | 'promote', epoch = 5, execution = EXECUTION): RegionOrder => ({ kind, epoch, execution });
const demote = (target: string, epoch = 5): RegionOrder => ({ kind: 'demote', epoch, execution: EXECUTION, target });

/** A region to which orders are given one after the other, as etcd would keep them. */
class Region {
  constructor(
    readonly name: string,
    public config: Plain,
  ) {}
  give(given: RegionOrder): OrderDecision['kind'] {
    const decision = carryOutOrder(contextOf(this.name, this.config), given);
    if (decision.kind === 'write') this.config = merged(this.config, decision.patch);
    return decision.kind;
  }
}

describe('a region that is to be promoted', () => {
  test('promises first, is promoted once, and forgets the promise', () => {
    const us = new Region('us', FOLLOWING);
    expect([order('promise'), order('promise'), order('promote'), order('promote')].map((o) => us.give(o))).toEqual(['write', 'done', 'write', 'done']);
    expect(roleOf(us.config)).toEqual({ initialized: true, follows: false, epoch: 5, primary: 'us', execution: EXECUTION });
  });
  test('is not promoted without a promise, with another one’s, or with one of another epoch', () => {
    expect(new Region('us', FOLLOWING).give(order('promote'))).toBe('refused');
    const us = new Region('us', FOLLOWING);
    us.give(order('promise'));
    expect(us.give(order('promote', 5, 'somebody-else'))).toBe('refused');
    expect(us.give(order('promote', 6))).toBe('refused');
  });
  test('is not promoted once the promise is withdrawn', () => {
    const us = new Region('us', FOLLOWING);
    expect([order('promise'), order('withdraw'), order('withdraw'), order('promote')].map((o) => us.give(o))).toEqual(['write', 'write', 'done', 'refused']);
  });
  test('a promise to a newer failover ends an older one’s', () => {
    const us = new Region('us', FOLLOWING);
    expect([order('promise', 5), order('promise', 6, 'newer'), order('promote', 5), order('withdraw', 5)].map((o) => us.give(o))).toEqual([
      'write',
      'write',
      'refused',
      'done',
    ]);
    expect(us.give(order('promote', 6, 'newer'))).toBe('write');
  });
  test('of two failovers with one epoch the first to be promised goes on', () => {
    const us = new Region('us', FOLLOWING);
    us.give(order('promise'));
    expect(us.give(order('promise', 5, 'second'))).toBe('refused');
  });
});

describe('an old epoch', () => {
  test.each([order('promise', 4), order('promote', 4), order('promote', 3), demote('us', 4)])('is refused: $kind with epoch $epoch', (given) => {
    for (const config of [FOLLOWING, PRIMARY]) {
      const decision = carryOutOrder(contextOf('eu', config), given);
      expect(decision).toMatchObject({ kind: 'refused' });
      expect(JSON.stringify(decision)).toMatch(/given: \w+ with epoch \d of production-4; allowed: an epoch above 4, which eu has; fix: /);
    }
  });
  test.each([3, 5])('drains nobody: only in the very epoch in which the region is primary, not in %i', (epoch) =>
    expect(carryOutOrder(contextOf('eu', PRIMARY), { kind: 'drain', on: true, epoch })).toMatchObject({ kind: 'refused' }),
  );
});

describe('a region that is primary', () => {
  test('is drained, prepared and made to follow, once', () => {
    const eu = new Region('eu', PRIMARY);
    expect(eu.give({ kind: 'drain', epoch: 4, on: true })).toBe('write');
    expect(eu.give({ kind: 'prepare', wish: 'now' })).toBe('write');
    expect([demote('us'), demote('us')].map((o) => eu.give(o))).toEqual(['write', 'done']);
    expect(roleOf(eu.config)).toEqual({ initialized: true, follows: true, epoch: 5, primary: 'us', execution: EXECUTION });
    expect(eu.config).toMatchObject({ postgresql: { parameters: {} } });
  });
  test('promises nothing', () => expect(new Region('eu', PRIMARY).give(order('promise'))).toBe('refused'));
  test('does not follow a region that is not there', () =>
    expect(carryOutOrder(contextOf('eu', PRIMARY), demote('mars'))).toMatchObject({
      because: expect.stringContaining('allowed: another region of this environment') as string,
    }));
});

test('a region without a cluster does nothing', () =>
  expect(carryOutOrder({ ...contextOf('us', {}), own: roleOf(undefined) }, order('promise')).kind).toBe('refused'));
test('a promise that can’t be read is one that nothing overrides', () => {
  const us = new Region('us', { ...FOLLOWING, holdfast: { epoch: 4, primary: 'eu', promised: { epoch: 'x' } } });
  expect(us.give(order('promise'))).toBe('refused');
  expect(us.give(order('promote'))).toBe('refused');
});
