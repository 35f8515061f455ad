import { drainPatch, followPatch, merged, NO_ROLE, parseStatus, preparePatch, promotePatch, roleOf } from '../../lib/failover/region-role';

const standbyCluster = { host: '10.0.0.1', port: 5433, primary_slot_name: 'standby_euc1', create_replica_methods: ['basebackup'] };

describe('what a region is', () => {
  test('a cluster without a role of ours is a primary of epoch 0', () =>
    expect(roleOf({ ttl: 20 })).toEqual({ initialized: true, follows: false, epoch: 0, primary: undefined }));
  test('no configuration is no cluster', () => expect(roleOf(undefined)).toEqual(NO_ROLE));
  test('an empty standby section, as Patroni leaves it, is none', () => expect(roleOf({ standby_cluster: {} }).follows).toBe(false));
  test.each([-1.5, 'x', null])('an epoch of %p counts as none', (epoch) => expect(roleOf({ holdfast: { epoch } }).epoch).toBe(0));
});

describe('the changes', () => {
  const before = { ttl: 20, holdfast: { epoch: 1, primary: 'eu' }, postgresql: { parameters: { default_transaction_read_only: 'on', max_connections: 100 } } };
  const following = merged(before, followPatch({ epoch: 2, primary: 'us', standbyCluster }));

  test('following keeps everything else and ends a drain', () => {
    expect(following).toEqual({
      ttl: 20,
      holdfast: { epoch: 2, primary: 'us' },
      standby_cluster: standbyCluster,
      postgresql: { parameters: { max_connections: 100 } },
    });
  });
  test('a promotion takes the standby section away, in the same write as the epoch', () => {
    const promoted = merged({ ...following, primary_start_timeout: 300 }, promotePatch({ epoch: 3, primary: 'eu' }, 0));
    expect(roleOf(promoted)).toEqual({ initialized: true, follows: false, epoch: 3, primary: 'eu' });
    expect(promoted).toMatchObject({ primary_start_timeout: 0 });
  });
  test('neither takes away the last wish of a handover: Patroni would reload PostgreSQL for it, and hear of nothing meanwhile', () => {
    const wished = merged(before, preparePatch('eu 1'));
    const after = merged(merged(wished, followPatch({ epoch: 2, primary: 'us', standbyCluster })), promotePatch({ epoch: 3, primary: 'eu' }, 0));
    expect(after).toMatchObject({ postgresql: { parameters: { 'holdfast.handover': 'eu 1' } } });
  });
  test('done twice they change nothing more', () => {
    expect(merged(following, followPatch({ epoch: 2, primary: 'us', standbyCluster }))).toEqual(following);
    expect(merged(merged(before, drainPatch(true)), drainPatch(true))).toEqual(before);
  });
});

test.each(['', '{}', '{"region":"us"}', '{"region":"us","epoch":1,"initialized":true,"follows":"no","serving":false}', '[]'])(
  '%p is no region’s word',
  (text) => expect(parseStatus(text)).toBeUndefined(),
);
