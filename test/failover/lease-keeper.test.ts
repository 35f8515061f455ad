import { judgeApprovals, type Approval } from '../../lib/failover/approval';
import { create, renew } from '../../lib/failover/lease';
import { afterRenewal, afterVouching, deadlineFrom, DRIFT_BOUND, keeperTask, mayCommit, pauseBound, waitOut } from '../../lib/failover/lease-keeper';
import type { OwnRole } from '../../lib/failover/region-role';
import { mayVouch, type VouchReading } from '../../lib/failover/vouch';
import { LAB, PRODUCTION } from './simulation/settings';

const primary: OwnRole = { initialized: true, follows: false, epoch: 3, primary: 'home' };
const standby: OwnRole = { initialized: true, follows: true, epoch: 3, primary: 'home' };

test.each([
  ['production', PRODUCTION, 2.7],
  ['lab', LAB, 1.4],
] as const)('%s: the wait ends after the last deadline, with clocks as wrong as assumed and a pause as long as stated', (_, { lease }, atLeast) => {
  const pause = pauseBound(lease);
  expect(pause).toBeGreaterThan(atLeast);
  const lastAcknowledgement = lease.duration / (1 - DRIFT_BOUND) + pause;
  expect(waitOut(lease) / (1 + DRIFT_BOUND)).toBeGreaterThanOrEqual(lastAcknowledgement - 1e-9);
});

test('without a deadline, and from it on, nothing is committed', () => {
  expect([mayCommit(undefined, 0), mayCommit(10, 9.99), mayCommit(10, 10)]).toEqual([false, true, false]);
  expect(deadlineFrom(100, { duration: 10 })).toBe(110);
});

test('a keeper renews for a region that its etcd calls primary, by a fresh and confirmed reading only', () => {
  const reading = { role: primary, linearizable: true, begunAt: 100 };
  expect(keeperTask('home', reading, 100.5, 1)).toEqual({ kind: 'renew', region: 'home', epoch: 3 });
  for (const bad of [undefined, { ...reading, linearizable: false }, { ...reading, begunAt: 98 }, { ...reading, role: standby }])
    expect(keeperTask('home', bad, 100.5, 1).kind).toBe('idle');
});

test('what follows from a renewal: go on, adopt a later epoch of one’s own, ask the others only when the store is silent', () => {
  const record = create(null, { environment: 'e', region: 'home', epoch: 3, now: 0 }).record!;
  expect(afterRenewal('home', 3, renew(record, { region: 'home', epoch: 3, now: 0 })).kind).toBe('extend');
  expect(afterRenewal('home', 3, undefined).kind).toBe('ask-peers');
  expect(afterRenewal('home', 3, renew(null, { region: 'home', epoch: 3, now: 0 }))).toMatchObject({ kind: 'create', epoch: 3 });
  expect(afterRenewal('home', 1, renew(record, { region: 'home', epoch: 1, now: 0 }))).toMatchObject({ kind: 'adopt', epoch: 3 });
  expect(afterRenewal('home', 4, renew(record, { region: 'home', epoch: 4, now: 0 })).kind).toBe('let-pass');
  expect(afterRenewal('away', 3, renew(record, { region: 'away', epoch: 3, now: 0 })).kind).toBe('let-pass');
  const moving = { ...record, phase: 'moving' as const, epoch: 4 };
  expect(afterRenewal('home', 3, renew(moving, { region: 'home', epoch: 3, now: 0 })).kind).toBe('let-pass');
});

test('every other region has to vouch', () => {
  const yes = { vouches: true, because: '' };
  expect(afterVouching([yes, yes]).kind).toBe('extend');
  for (const heard of [[], [yes, undefined], [yes, { vouches: false, because: 'promised' }]]) expect(afterVouching(heard).kind).toBe('let-pass');
});

describe('a region vouches', () => {
  const question = { region: 'home', epoch: 3, arrivedAt: 50 };
  const reading: VouchReading = { self: 'away', role: standby, promised: null, linearizable: true, begunAt: 50 };
  test('when it follows and has promised nothing', () => expect(mayVouch(question, reading).vouches).toBe(true));
  test('for an epoch after one that it had promised and that was given up', () =>
    expect(mayVouch(question, { ...reading, promised: { epoch: 2, execution: 'e-1' } }).vouches).toBe(true));
  test.each<[string, Partial<VouchReading> | undefined]>([
    ['etcd does not answer', undefined],
    ['the reading is older than the question', { begunAt: 49 }],
    ['the reading is not confirmed', { linearizable: false }],
    ['it is asked about itself', { self: 'home' }],
    ['it has no cluster', { role: { ...standby, initialized: false } }],
    ['it is primary', { role: primary }],
    ['it knows a later epoch', { role: { ...standby, epoch: 4 } }],
    ['it has promised the very next epoch', { promised: { epoch: 4, execution: 'e-3' } }],
    ['it has promised this epoch', { promised: { epoch: 3, execution: 'e-2' } }],
  ])('not when %s', (_, change) => expect(mayVouch(question, change === undefined ? undefined : { ...reading, ...change }).vouches).toBe(false));
});

describe('two different people agree', () => {
  const approval: Approval = { person: 'Dora', verdict: 'approve', attempt: 'e-1', epoch: 1, at: 0, verified: true };
  const judged = (...approvals: readonly Partial<Approval>[]): ReturnType<typeof judgeApprovals> =>
    judgeApprovals(
      { attempt: 'e-1', epoch: 1 },
      approvals.map((change) => ({ ...approval, ...change })),
    );
  test('and are named', () => expect(judged({}, { person: 'Emil' }).verdict).toEqual({ kind: 'granted', people: ['Dora', 'Emil'] }));
  test.each<[string, Partial<Approval>]>([
    ['a duplicate', {}],
    ['forged', { person: 'Emil', verified: false }],
    ['stale', { person: 'Emil', attempt: 'e-1-2' }],
    ['stale', { person: 'Emil', epoch: 0 }],
  ])('%s: it counts for nothing, and is named with its reason', (reason, change) => {
    const { verdict, refused } = judged({}, change);
    expect(verdict).toEqual({ kind: 'waiting', people: ['Dora'], missing: 1 });
    expect(refused).toEqual([{ approval: { ...approval, ...change }, because: expect.stringContaining(reason) }]);
  });
  test('unless one rejects', () =>
    expect(judged({}, { person: 'Emil' }, { person: 'Fay', verdict: 'reject' }).verdict).toEqual({ kind: 'rejected', by: 'Fay' }));
});
