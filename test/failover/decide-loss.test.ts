import { decideLoss, type LossLook, type LossMemory, type LossStep } from '../../lib/failover/decide-loss';
import { advance, create, type LeaseRecord } from '../../lib/failover/lease';

const settings = { environment: 'e', decision: { every: 5, ticks: 3, signals: 3, silentAfter: 10 } };
const answer = create(null, { environment: 'e', region: 'home', epoch: 1, now: 0 });
if (answer.kind === 'refused') throw new Error(answer.because);
const lease: LeaseRecord = answer.record;
const well: LossLook = { at: 0, now: 1_000_000, lease, target: 'away', fromWitness: 'healthy', fromTarget: 'healthy', hearing: 'hears' };
const lost = { fromWitness: 'unhealthy', fromTarget: 'unhealthy', hearing: 'silent' } as const;

/** Looks every five seconds. */
const looks = (...changes: readonly Partial<LossLook>[]): readonly LossStep[] => {
  let memory: LossMemory | undefined;
  return changes.map((change, i) => {
    const step = decideLoss(settings, memory, { ...well, at: i * 5000, ...change });
    memory = step.memory;
    return step;
  });
};
const last = (...changes: readonly Partial<LossLook>[]): LossStep => looks(...changes).at(-1)!;

test('three looks in a row by three signals start a failover from the epoch that was seen', () => {
  const steps = looks({}, lost, lost, lost);
  expect(steps.map(({ decision }) => decision.kind)).toEqual(['hold', 'hold', 'hold', 'start']);
  expect(steps[3]!.decision).toMatchObject({ target: 'away', fromEpoch: 1, renewals: 1 });
});

test('a look that disagrees begins anew', () =>
  expect(looks({}, lost, lost, {}, lost, lost).map(({ decision }) => decision.kind)).toEqual(Array(6).fill('hold')));

test.each([
  ['the link between the regions is cut', { hearing: 'silent', fromTarget: 'unhealthy' }],
  ['the witness sees nothing', { fromWitness: 'unhealthy', lease: undefined }],
  ['the target does not answer', { fromWitness: 'unhealthy', hearing: 'unknown', fromTarget: 'unknown' }],
] as const)('%s: nothing is started', (_, change) => {
  const renewed = Array.from({ length: 12 }, (__, i) => ({ lease: { ...lease, renewals: i }, ...change }));
  expect(looks(...renewed).map(({ decision }) => decision.kind)).toEqual(Array(12).fill('hold'));
});

test('a lease that stands still is a signal after the configured time, by the looker’s own clock', () => {
  expect(last({}, {}).signals).toEqual([]);
  expect(last({}, {}, {}).signals).toEqual(['lease stands still']);
  expect(last({}, { lease: { ...lease, renewals: 2 } }, {}, {}).signals).toEqual([]);
});

test('without the lease store nobody is promoted, and somebody is called', () => {
  expect(last({}, ...Array.from({ length: 3 }, () => ({ ...lost, lease: undefined }))).decision).toMatchObject({
    kind: 'page-human',
    id: 'e-unknown-no-lease',
  });
});

test('no flapping: during the cooldown somebody is called, with the command', () => {
  const cooling = { ...lost, lease: { ...lease, cooldownUntil: 2_000_000 } };
  expect(last({}, cooling, cooling, cooling).decision).toMatchObject({ kind: 'page-human', because: expect.stringContaining('holdfast failover away') });
});

test('a lease that is moving, and one that the target holds, is left alone', () => {
  const moved = advance(lease, { fromEpoch: 1, to: 'away', execution: 'e-1', now: 0 });
  const moving = { ...lost, lease: moved.record };
  expect(last(moving, moving, moving, moving).decision).toMatchObject({ kind: 'hold', because: expect.stringContaining('e-1 is moving the lease already') });
  const own = { ...lost, lease: { ...lease, holder: 'away' } };
  expect(last(own, own, own, own).decision.kind).toBe('hold');
});

test('from one epoch it starts once, until the region has been seen well again', () => {
  expect(last({}, lost, lost, lost, lost, lost).decision).toMatchObject({ kind: 'hold', because: expect.stringContaining('has been started already') });
  const again = looks({}, lost, lost, lost, { lease: { ...lease, renewals: 2 } }, lost, lost, lost);
  expect(again.at(-1)!.decision.kind).toBe('start');
});

test('a region that is not lost and does not renew for long is told to somebody', () => {
  expect(last(...Array.from({ length: 20 }, () => ({}))).decision).toMatchObject({ kind: 'page-human', id: 'e-1-idle' });
});
