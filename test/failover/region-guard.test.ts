import { mayStart, type GuardObservation } from '../../lib/failover/region-guard';
import { NO_ROLE, type OwnRole, type RegionStatus } from '../../lib/failover/region-role';

const primary: OwnRole = { initialized: true, follows: false, epoch: 1, primary: 'eu' };
const peer = (change: Partial<RegionStatus> = {}): RegionStatus => ({
  region: 'us',
  initialized: true,
  follows: true,
  epoch: 1,
  primary: 'eu',
  serving: false,
  ...change,
});
const decide = (change: Partial<GuardObservation> = {}): string =>
  mayStart({ self: 'eu', own: primary, hasData: true, primaryAlive: false, peers: [peer()], ...change }).kind;

test('a primary region starts when every other region says that it is no primary', () => expect(decide()).toBe('start'));

test('a region that was replaced while it was away follows the one that replaced it', () => {
  const decision = mayStart({ self: 'eu', own: primary, hasData: true, primaryAlive: false, peers: [peer({ follows: false, epoch: 2, primary: 'us' })] });
  expect(decision).toMatchObject({ kind: 'follow', primary: 'us', epoch: 2 });
});

test('also when its own etcd was lost with everything in it', () =>
  expect(decide({ own: NO_ROLE, peers: [peer({ follows: false, epoch: 2, primary: 'us' })] })).toBe('follow'));

test('the newest of several primaries is followed', () => {
  const peers = [peer({ region: 'us', follows: false, epoch: 2 }), peer({ region: 'ap', follows: false, epoch: 3 })];
  expect(mayStart({ self: 'eu', own: primary, hasData: true, primaryAlive: false, peers })).toMatchObject({ primary: 'ap', epoch: 3 });
});

test('silence is no answer: it waits', () => expect(decide({ peers: [undefined] })).toBe('wait'));
test('one silent region of two is silence as well', () => expect(decide({ peers: [peer(), undefined] })).toBe('wait'));
test('a member joins a primary of its own region that runs, whoever is silent', () => expect(decide({ peers: [undefined], primaryAlive: true })).toBe('start'));
test('but not when another region is primary in a later epoch', () =>
  expect(decide({ peers: [peer({ follows: false, epoch: 2 })], primaryAlive: true })).toBe('follow'));
test('a cluster that never was may begin alone', () => expect(decide({ own: NO_ROLE, hasData: false, peers: [undefined] })).toBe('start'));
test('one whose etcd is empty and whose volumes are not may not', () => expect(decide({ own: NO_ROLE, hasData: true, peers: [undefined] })).toBe('wait'));
test('a standby region needs nobody’s leave', () => expect(decide({ own: { ...primary, follows: true }, peers: [undefined] })).toBe('start'));
test('an older primary elsewhere is that region’s affair', () =>
  expect(decide({ own: { ...primary, epoch: 3 }, peers: [peer({ follows: false, epoch: 2 })] })).toBe('start'));
