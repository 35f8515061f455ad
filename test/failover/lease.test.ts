import {
  advance,
  carriedOut,
  create,
  giveBack,
  isPastReturn,
  LEASE_HISTORY,
  LEASE_STEPS,
  mark,
  renew,
  settle,
  type LeaseAnswer,
  type LeaseRecord,
} from '../../lib/failover/lease';

const granted = (answer: LeaseAnswer): LeaseRecord => {
  if (answer.kind === 'refused') throw new Error(answer.because);
  return answer.record;
};
const why = (answer: LeaseAnswer): string => (answer.kind === 'refused' ? answer.because : 'granted');

const first = granted(create(null, { environment: 'e', region: 'home', epoch: 1, now: 1000 }));
const moving = granted(advance(first, { fromEpoch: 1, to: 'away', execution: 'e-1', now: 2000 }));
const at = (step: (typeof LEASE_STEPS)[number]): LeaseRecord =>
  LEASE_STEPS.slice(0, LEASE_STEPS.indexOf(step) + 1).reduce((record, s) => granted(mark(record, { epoch: 2, execution: 'e-1', step: s, now: 3000 })), moving);
const end = { epoch: 2, execution: 'e-1', now: 4000, cooldown: 500, by: 'ada (e-1)' };

test('the first record is created once', () => {
  expect(first).toMatchObject({ holder: 'home', epoch: 1, phase: 'held', version: 1 });
  expect(why(create(first, { environment: 'e', region: 'away', epoch: 9, now: 0 }))).toMatch(/the lease exists: home holds it in epoch 1/);
});

test('only the holder renews, in its epoch; every renewal counts', () => {
  expect(granted(renew(first, { region: 'home', epoch: 1, now: 5 }))).toMatchObject({ renewals: 2, renewedAt: 5, version: 2 });
  expect(why(renew(first, { region: 'away', epoch: 1, now: 5 }))).toMatch(/home holds it in epoch 1/);
  expect(why(renew(first, { region: 'home', epoch: 2, now: 5 }))).toMatch(/asks for epoch 2/);
  expect(why(renew(null, { region: 'home', epoch: 1, now: 5 }))).toMatch(/there is no lease yet/);
});

test('from the moment that it moves the old holder can’t renew, and the new one only from the point of no return on', () => {
  expect(why(renew(moving, { region: 'home', epoch: 1, now: 5 }))).toMatch(/e-1 is moving it to away in epoch 2/);
  for (const step of LEASE_STEPS) {
    const answer = renew(at(step), { region: 'away', epoch: 2, now: 5 });
    expect([step, answer.kind]).toEqual([step, isPastReturn(at(step)) ? 'granted' : 'refused']);
  }
});

test('of two workflows one moves it; the same one may ask again', () => {
  expect(granted(advance(moving, { fromEpoch: 1, to: 'away', execution: 'e-1', now: 9 }))).toBe(moving);
  expect(why(advance(moving, { fromEpoch: 1, to: 'away', execution: 'e-1-failback', now: 9 }))).toMatch(/another workflow is at work/);
  expect(why(advance(moving, { fromEpoch: 2, to: 'home', execution: 'e-2', now: 9 }))).toMatch(/another workflow is at work/);
  expect(why(advance(first, { fromEpoch: 0, to: 'away', execution: 'e-0', now: 9 }))).toMatch(/somebody was faster, or what was seen is old/);
  expect(why(advance(first, { fromEpoch: 1, to: 'home', execution: 'e-1', now: 9 }))).toMatch(/home holds it already/);
});

test('steps are marked in order, by the workflow that moves it; repeating one changes nothing', () => {
  expect(why(mark(moving, { epoch: 2, execution: 'e-1', step: 'promoting', now: 9 }))).toMatch(/"promoting" does not follow/);
  expect(why(mark(moving, { epoch: 2, execution: 'e-9', step: 'fenced', now: 9 }))).toMatch(/e-9 is not moving it/);
  expect(why(mark(moving, { epoch: 3, execution: 'e-1', step: 'fenced', now: 9 }))).toMatch(/is not moving it in epoch 3/);
  const promoted = at('promoted');
  expect(granted(mark(promoted, { epoch: 2, execution: 'e-1', step: 'fenced', now: 9 }))).toBe(promoted);
});

test('it is settled after the last step only, and may be settled again', () => {
  expect(why(settle(at('verified'), end))).toMatch(/not all steps are done/);
  const settled = granted(settle(at('switched'), end));
  expect(settled).toMatchObject({ phase: 'held', holder: 'away', epoch: 2, execution: null, step: null, previous: null, cooldownUntil: 4500 });
  expect(granted(settle(settled, end))).toBe(settled);
});

test('of two attempts at one change the later one is told who has carried it out, and where the lease is since', () => {
  const settled = granted(settle(at('switched'), end));
  expect(carriedOut(settled, 2, 'e-1')).toBe('carried out already by ada (e-1), in epoch 2: away holds the lease');
  expect(carriedOut(settled, 2, 'e-1-failback')).toBeUndefined();
  expect(carriedOut(settled, 3, 'e-1')).toBeUndefined();
  const onward = granted(advance(settled, { fromEpoch: 2, to: 'home', execution: 'e-2', now: 9 }));
  expect(carriedOut(onward, 2, 'e-1')).toMatch(/in epoch 2; since then: e-2 is moving it to home in epoch 3/);
  expect(carriedOut(granted(giveBack(onward, { ...end, epoch: 3, execution: 'e-2' })), 2, 'e-1')).toMatch(/since then: away holds it in epoch 4/);
});

test('what is under way, or was given up, is not carried out', () => {
  for (const step of LEASE_STEPS) expect(carriedOut(at(step), 2, 'e-1')).toBeUndefined();
  expect(carriedOut(granted(giveBack(at('fenced'), end)), 2, 'e-1')).toBeUndefined();
});

test('given back before the promotion, in a later epoch; never after it', () => {
  const back = granted(giveBack(at('fenced'), end));
  expect(back).toMatchObject({ phase: 'held', holder: 'home', epoch: 3, cooldownUntil: 4500 });
  expect(granted(giveBack(back, end))).toBe(back);
  expect(why(mark(back, { epoch: 2, execution: 'e-1', step: 'promoting', now: 9 }))).toMatch(/is not moving it/);
  expect(why(giveBack(at('promoting'), end))).toMatch(/only forward from here/);
  expect(why(giveBack(back, { ...end, execution: 'e-9' }))).toMatch(/is not moving it/);
});

test('what was given back is not given back again when the lease has moved on since', () => {
  const back = granted(giveBack(at('fenced'), end));
  const onward = granted(advance(back, { fromEpoch: 3, to: 'away', execution: 'e-3', now: 9 }));
  expect(why(giveBack(onward, end))).toMatch(/e-1 is not moving it in epoch 2: e-3 is moving it to away in epoch 4/);
});

test('given up before it was taken, the request to take it comes too late', () => {
  const kept = granted(giveBack(first, end));
  expect(kept).toMatchObject({ phase: 'held', holder: 'home', epoch: 3 });
  expect(granted(giveBack(kept, end))).toBe(kept);
  expect(why(advance(kept, { fromEpoch: 1, to: 'away', execution: 'e-1', now: 9 }))).toMatch(/what was seen is old/);
});

test('the history is bounded, and says who did what', () => {
  let record = first;
  for (let i = 0; i < LEASE_HISTORY; i++) {
    const execution = `e-${record.epoch}`;
    record = granted(advance(record, { fromEpoch: record.epoch, to: 'away', execution, now: i }));
    record = granted(giveBack(record, { epoch: record.epoch, execution, now: i, cooldown: 0, by: 'ada' }));
  }
  expect(record.history).toHaveLength(LEASE_HISTORY);
  expect(record.history.at(-1)).toMatchObject({ execution: `e-${record.epoch - 2}`, what: 'given back by away', holder: 'home' });
});
