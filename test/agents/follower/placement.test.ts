import {
  ATTEMPT_PAUSE_MS,
  decidePlacement,
  MAX_LAG_ENTRIES,
  ordinalOf,
  SETTLED_MS,
  type EtcdMember,
  type EtcdStatus,
  type PlacementObservation,
} from '../../../agents/follower/placement';

const NOW = 1_000_000;
const IDS = ['9000000000000000001', '9000000000000000002', '9000000000000000003'] as const;
const members: readonly EtcdMember[] = IDS.map((id, i) => ({ id, name: `etcd-${i}`, learner: false }));
const statusesWithLeader = (leader: number, more: Readonly<Record<number, Partial<EtcdStatus>>> = {}): readonly EtcdStatus[] =>
  IDS.map((memberId, i) => ({ endpoint: `https://etcd-${i}:2379`, memberId, leaderId: IDS[leader] ?? '', appliedIndex: 5_000, errors: [], ...more[i] }));

const observe = (more: Partial<PlacementObservation>): PlacementObservation => ({
  now: NOW,
  primary: { member: 'pg-euc1-0', since: NOW - SETTLED_MS },
  syncStandby: 'pg-euc1-1',
  members,
  statuses: statusesWithLeader(0),
  lastAttemptAt: undefined,
  ...more,
});

describe("etcd's leader beside the primary", () => {
  test("is moved, by the leader's own endpoint, away from the synchronous standby", () =>
    expect(decidePlacement(observe({}))).toMatchObject({ kind: 'transfer', via: 'https://etcd-0:2379', target: { name: 'etcd-2', id: IDS[2] } }));
  test('is moved beside the synchronous standby if nowhere else', () =>
    expect(decidePlacement(observe({ statuses: statusesWithLeader(0).slice(0, 2) }))).toMatchObject({ kind: 'transfer', target: { name: 'etcd-1' } }));
  test('is moved to the lowest ordinal when no synchronous standby is known, so that all followers agree', () =>
    expect(decidePlacement(observe({ syncStandby: undefined, members: [...members].reverse() }))).toMatchObject({ target: { name: 'etcd-1' } }));
});

describe('nothing is moved', () => {
  const holds = (more: Partial<PlacementObservation>) => decidePlacement(observe(more)).kind === 'hold';
  test("when etcd's leader is in another zone", () => expect(holds({ statuses: statusesWithLeader(1) })).toBe(true));
  test('without a leader key, or without a fresh reading of it', () => expect(holds({ primary: undefined })).toBe(true));
  test('while a new primary settles', () => expect(holds({ primary: { member: 'pg-euc1-0', since: NOW - SETTLED_MS + 1 } })).toBe(true));
  test('right after an attempt', () => expect(holds({ lastAttemptAt: NOW - ATTEMPT_PAUSE_MS + 1 })).toBe(true));
  test('but again after a pause', () => expect(holds({ lastAttemptAt: NOW - ATTEMPT_PAUSE_MS })).toBe(false));
  test("while etcd's members disagree on their leader", () => expect(holds({ statuses: statusesWithLeader(0, { 2: { leaderId: IDS[1] } }) })).toBe(true));
  test('while etcd has no leader', () => expect(holds({ statuses: statusesWithLeader(0).map((s) => ({ ...s, leaderId: '0' })) })).toBe(true));
  test("when etcd's leader does not answer", () => expect(holds({ statuses: statusesWithLeader(0).slice(1) })).toBe(true));
  test('when nothing answers', () => expect(holds({ statuses: [] })).toBe(true));
  test('when the primary carries no ordinal', () => expect(holds({ primary: { member: 'primary', since: 0 } })).toBe(true));
});

describe('not fit to lead is', () => {
  const target = (more: Partial<PlacementObservation>): unknown => {
    const placement = decidePlacement(observe({ syncStandby: undefined, ...more }));
    return placement.kind === 'transfer' ? placement.target.name : placement.kind;
  };
  test('a learner', () => expect(target({ members: members.map((m, i) => ({ ...m, learner: i === 1 })) })).toBe('etcd-2'));
  test('a member that has not started', () => expect(target({ members: members.map((m, i) => ({ ...m, name: i === 1 ? '' : m.name })) })).toBe('etcd-2'));
  test('a member with an alarm', () => expect(target({ statuses: statusesWithLeader(0, { 1: { errors: ['memberID:1 alarm:NOSPACE'] } }) })).toBe('etcd-2'));
  test('a member that lags', () => expect(target({ statuses: statusesWithLeader(0, { 1: { appliedIndex: 5_000 - MAX_LAG_ENTRIES - 1 } }) })).toBe('etcd-2'));
  test('a member that does not answer', () => expect(target({ statuses: statusesWithLeader(0).filter((_, i) => i !== 1) })).toBe('etcd-2'));
  test('none is fit: it stays', () => expect(target({ statuses: statusesWithLeader(0).slice(0, 1) })).toBe('hold'));
});

test.each([
  ['pg-euc1-0', 0],
  ['pg-euc1-12', 12],
  ['etcd', undefined],
])('the ordinal of %s is %s', (name, ordinal) => expect(ordinalOf(name)).toBe(ordinal));
