import { encode, parseMembers, parseRead, parseStatus, parseWatch, prefixEnd, readRequest } from '../../../agents/follower/etcd-codec';

const PREFIX = '/service/lab/members/';
const header = { cluster_id: '2305260427072833832', member_id: '16648125748783194755', revision: '31', raft_term: '2' };
const kv = (key: string, value: string, revision = '30') => ({
  key: encode(key),
  value: encode(value),
  mod_revision: revision,
  create_revision: '2',
  version: '3',
});
const memberKey = (name: string, connUrl: string, apiUrl: string) =>
  kv(`${PREFIX}${name}`, JSON.stringify({ conn_url: connUrl, api_url: apiUrl, state: 'running' }));
const answer = (leader: object[], members: object[], sync: object[] = [], failover: object[] = []) => ({
  header,
  succeeded: true,
  // An empty range has no `kvs` at all.
  responses: [leader, sync, failover, members].map((kvs) => ({
    response_range: { header: { revision: '31' }, ...(kvs.length > 0 ? { kvs, count: String(kvs.length) } : {}) },
  })),
});
const leaderKey = kv('/service/lab/leader', 'pg-0');

describe('a read', () => {
  test('asks for leader, sync, failover and members in one transaction', () => {
    const keys = { leader: '/service/lab/leader', sync: '/service/lab/sync', failover: '/service/lab/failover', membersPrefix: PREFIX };
    const { success } = JSON.parse(readRequest(keys, true)) as { success: { request_range: Record<string, unknown> }[] };
    expect(success.map((s) => s.request_range['key'])).toEqual([keys.leader, keys.sync, keys.failover, keys.membersPrefix].map(encode));
    expect(success[3]?.request_range['range_end']).toBe(encode('/service/lab/members0'));
    expect(readRequest(keys, true)).not.toContain('serializable');
    expect(readRequest(keys, false).match(/"serializable":true/g)).toHaveLength(4);
  });
  test('gives the leader with its address', () =>
    expect(parseRead(answer([leaderKey], [memberKey('pg-0', 'postgres://10.0.0.1:5432/postgres', 'https://10.0.0.1:8008/patroni')]), PREFIX)).toEqual({
      clusterId: header.cluster_id,
      syncStandby: undefined,
      handover: undefined,
      leader: { member: 'pg-0', modRevision: 30, address: { host: '10.0.0.1', port: 5432 }, primaryUrl: 'https://10.0.0.1:8008/primary' },
    }));
  test('understands IPv6', () =>
    expect(
      parseRead(answer([leaderKey], [memberKey('pg-0', 'postgres://[fd00::1]:5432/postgres', 'https://[fd00::1]:8008/patroni')]), PREFIX).leader,
    ).toMatchObject({
      address: { host: 'fd00::1', port: 5432 },
      primaryUrl: 'https://[fd00::1]:8008/primary',
    }));
  test('tells an absent leader', () => expect(parseRead(answer([], []), PREFIX)).toMatchObject({ leader: undefined }));
  test('takes the first synchronous standby', () =>
    expect(parseRead(answer([], [], [kv('/service/lab/sync', '{"leader":"pg-0","sync_standby":"pg-2,pg-1"}')]), PREFIX).syncStandby).toBe('pg-2'));
  test.each([
    ['a switchover', '{"leader":"pg-0"}', 'pg-0'],
    ['a switchover to a candidate', '{"leader":"pg-0","member":"pg-1"}', 'pg-0'],
    ['a switchover that is scheduled', '{"leader":"pg-0","scheduled_at":"2030-01-01T00:00:00+00:00"}', undefined],
    ['a failover by hand', '{"member":"pg-1"}', undefined],
    ['something unreadable', 'pg-0', undefined],
  ])('of %s tells who hands over', (_, value, handover) =>
    expect(parseRead(answer([leaderKey], [], [], [kv('/service/lab/failover', value)]), PREFIX).handover).toBe(handover),
  );
  test.each([
    ['no member key', []],
    ["only another's key", [memberKey('pg-00', 'postgres://10.0.0.9:5432/x', 'https://10.0.0.9:8008/patroni')]],
    ['a member key that is not JSON', [kv(`${PREFIX}pg-0`, 'pg-0 is fine')]],
    ['a name instead of an address', [memberKey('pg-0', 'postgres://pg-0.pg:5432/postgres', 'https://pg-0.pg:8008/patroni')]],
  ])('%s: a leader without an address', (_, members) =>
    expect(parseRead(answer([leaderKey], members), PREFIX).leader).toMatchObject({ member: 'pg-0', address: undefined }),
  );
  test('a REST API without TLS is not asked', () =>
    expect(
      parseRead(answer([leaderKey], [memberKey('pg-0', 'postgres://10.0.0.1:5432/x', 'http://10.0.0.1:8008/patroni')]), PREFIX).leader?.primaryUrl,
    ).toBeUndefined());
  test.each(['', 'pg 0', 'pg-0\nport=1', '-pg'])('refuses the member name %j', (name) =>
    expect(() => parseRead(answer([kv('/service/lab/leader', name)], []), PREFIX)).toThrow(/no member name/),
  );
  test.each([[{}], [null], ['text'], [{ header, responses: [] }], [{ responses: answer([], []).responses }]])('refuses the answer %j', (broken) =>
    expect(() => parseRead(broken, PREFIX)).toThrow(/incomplete/),
  );
});

describe('a message of a watch', () => {
  test.each([
    [{ result: { header, created: true } }, { kind: 'created', revision: 31 }],
    [{ result: { header, events: [{ kv: leaderKey }] } }, { kind: 'changed', revision: 31 }],
    [{ result: { header, events: [{ type: 'DELETE', kv: leaderKey }] } }, { kind: 'changed', revision: 31 }],
    [{ result: { header } }, { kind: 'progress', revision: 31 }],
    [{ result: { header, canceled: true, compact_revision: '40' } }, { kind: 'cancelled', because: 'cancelled by etcd (compacted at revision 40)' }],
    [{ result: { header, canceled: true, cancel_reason: 'etcdserver: no leader' } }, { kind: 'cancelled', because: 'etcdserver: no leader' }],
    [{ error: { grpc_code: 14, message: 'etcdserver: no leader' } }, { kind: 'cancelled', because: 'etcdserver: no leader' }],
  ])('%j', (message, expected) => expect(parseWatch(JSON.stringify(message))).toEqual(expected));
  test('that is not JSON is refused', () => expect(() => parseWatch('<html>')).toThrow(/not JSON/));
});

test('ids keep all their digits, and absent numbers are zero', () => {
  expect(parseStatus({ header, leader: '17306070494444966443', raftAppliedIndex: '14' }, 'https://e:2379')).toEqual({
    endpoint: 'https://e:2379',
    memberId: '16648125748783194755',
    leaderId: '17306070494444966443',
    appliedIndex: 14,
    errors: [],
  });
  expect(parseStatus({ header, errors: ['etcdserver: no leader'] }, 'e')).toMatchObject({ leaderId: '0', appliedIndex: 0, errors: ['etcdserver: no leader'] });
  expect(() => parseStatus({}, 'e')).toThrow(/incomplete/);
  expect(
    parseMembers({
      header,
      members: [
        { ID: '17306070494444966443', name: 'etcd-1' },
        { ID: '5', isLearner: true },
      ],
    }),
  ).toEqual([
    { id: '17306070494444966443', name: 'etcd-1', learner: false },
    { id: '5', name: '', learner: true },
  ]);
});

test('the end of a prefix is the next prefix', () => expect(prefixEnd('/a/')).toBe('/a0'));
