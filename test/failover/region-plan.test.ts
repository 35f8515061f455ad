import { fenceOf, lagOf, primaryOf } from '../../lib/failover/region-observation';
import { planDrain, planFence, planPromote, planRejoin, planSwitchover, type RegionPlan } from '../../lib/failover/region-plan';
import { member, primarySight, silentSight, standbySight } from './sights';

const kinds = (plan: RegionPlan): readonly string[] | string => (plan.kind === 'refused' ? plan.because : plan.steps.map((step) => step.kind));
const [eu, us] = [primarySight('eu'), standbySight('us', 'eu')];
const off = { kind: 'stopped', detail: 'no machine runs' } as const;
const LIMIT = 10_000;

describe('what is known', () => {
  test('lag is what the primary wrote and the standby has not replayed, and the age of the newest row', () =>
    expect(lagOf(standbySight('us', 'eu', 1, { members: [member('us-0', { role: 'standby_leader', replayed: 400 })] }), eu)).toEqual({
      bytes: 600,
      seconds: 0.5,
    }));
  test('without the primary’s word the bytes are unknown, not zero', () => expect(lagOf(us, silentSight('eu'))).toEqual({ bytes: null, seconds: 0.5 }));
  test('without a row nothing is known', () =>
    expect(
      lagOf(standbySight('us', 'eu', 1, { members: [member('us-0', { role: 'standby_leader', replayed: undefined, replayedAt: undefined })] }), eu),
    ).toEqual({ bytes: null, seconds: null }));
  test('silence is no fence', () => expect(fenceOf(silentSight('eu'))).toBeUndefined());
  test('two of three members that are standbys are no fence: the third may be a primary', () =>
    expect(fenceOf(standbySight('eu', 'us', 2, { members: [member('eu-1'), member('eu-2')] }))).toBeUndefined());
  test('all members standbys, machines off, network cut: each is one', () => {
    expect(fenceOf(standbySight('eu', 'us', 2))?.kind).toBe('demoted');
    expect(fenceOf(silentSight('eu', { outside: off }))?.kind).toBe('stopped');
  });
  test('of two regions that say they are primary, the later epoch is right', () => expect(primaryOf([eu, primarySight('us', 2)])?.name).toBe('us'));
});

describe('promote', () => {
  test('is refused while the other region may still take writes, and says what would do', () => {
    expect(kinds(planPromote([eu, us], 'us'))).toMatch(/no confirmed fence for eu.*fix: holdfast region fence/s);
    expect(kinds(planPromote([silentSight('eu'), us], 'us'))).toMatch(/silence proves nothing/);
  });
  test('needs nothing of a region that is off', () => {
    const plan = planPromote([silentSight('eu', { outside: off }), us], 'us');
    expect(plan).toMatchObject({ steps: [{ kind: 'promote', region: 'us', epoch: 2 }, { kind: 'await-primary' }] });
  });
  test('takes the epoch that the demoted region was told', () =>
    expect(planPromote([standbySight('eu', 'us', 5), us], 'us')).toMatchObject({ steps: [{ kind: 'promote', epoch: 5 }, {}] }));
  test('is done when it is done, and goes on where it was', () => {
    expect(kinds(planPromote([silentSight('eu'), primarySight('us', 2)], 'us'))).toEqual([]);
    expect(kinds(planPromote([silentSight('eu'), primarySight('us', 2, { members: [member('us-0', { role: 'standby_leader' })] })], 'us'))).toEqual([
      'await-primary',
    ]);
  });
  test('is refused without anybody to promote', () =>
    expect(kinds(planPromote([silentSight('eu', { outside: off }), silentSight('us')], 'us'))).toMatch(/does not answer/));
});

describe('fence', () => {
  test('demotes a region that answers, cuts off one that does not', () => {
    expect(kinds(planFence([eu, us], 'eu', false))).toEqual(['demote', 'confirm-fence']);
    expect(kinds(planFence([silentSight('eu'), us], 'eu', false))).toEqual(['isolate', 'confirm-fence']);
    expect(kinds(planFence([eu, us], 'eu', true))).toEqual(['isolate', 'confirm-fence']);
  });
  test('has nothing to do where the evidence is there', () => expect(kinds(planFence([silentSight('eu', { outside: off }), us], 'eu', false))).toEqual([]));
});

describe('switchover', () => {
  const all = ['prepare', 'demote', 'await-everything', 'promote', 'await-primary', 'await-standby'];
  test('prepares while clients are served, fences, waits for everything, promotes', () => expect(kinds(planSwitchover([eu, us], 'us', LIMIT))).toEqual(all));
  test('interrupted after the fence, it goes on from there, with the epoch that was told', () => {
    const plan = planSwitchover([standbySight('eu', 'us', 2), us], 'us', LIMIT);
    expect(kinds(plan)).toEqual(all.slice(2));
    expect(plan).toMatchObject({ steps: [{}, { epoch: 2 }, {}, {}] });
  });
  test('interrupted after the promotion, only the rest is left', () =>
    expect(kinds(planSwitchover([standbySight('eu', 'us', 2), primarySight('us', 2)], 'us', LIMIT))).toEqual(['await-standby']));
  test('is refused when the lag is unknown or large, or a region is silent', () => {
    expect(kinds(planSwitchover([primarySight('eu', 1, { members: [] }), us], 'us', LIMIT))).toMatch(/not known/);
    const behind = standbySight('us', 'eu', 1, { members: [member('us-0', { role: 'standby_leader', replayed: 0 })] });
    expect(kinds(planSwitchover([eu, behind], 'us', 10))).toMatch(/1000 bytes behind; allowed: 10/);
    expect(kinds(planSwitchover([silentSight('eu'), us], 'us', LIMIT))).toMatch(/no switchover/);
  });
});

describe('rejoin', () => {
  test('a region that is back and believes to be primary is demoted to the newer one', () =>
    expect(planRejoin([eu, primarySight('us', 2)], 'eu')).toMatchObject({ steps: [{ kind: 'demote', target: 'us', epoch: 2 }, { kind: 'await-standby' }] }));
  test('one whose guard has turned it is only waited for', () => {
    expect(kinds(planRejoin([silentSight('eu'), primarySight('us', 2)], 'eu'))).toEqual(['await-members', 'await-standby']);
    expect(kinds(planRejoin([standbySight('eu', 'us', 2), primarySight('us', 2)], 'eu'))).toEqual(['await-standby']);
  });
  test('is refused while nobody is primary, and for the present primary itself', () => {
    expect(kinds(planRejoin([eu, us], 'eu'))).toMatch(/no other region says that it is primary/);
    expect(kinds(planRejoin([primarySight('eu', 3), primarySight('us', 2)], 'eu'))).toMatch(/only an older one rejoins/);
  });
});

test('what can’t be reached can’t be drained', () => {
  expect(kinds(planDrain([silentSight('eu'), us], 'eu'))).toMatch(/fence it/);
  expect(kinds(planDrain([eu, us], 'eu'))).toEqual(['drain']);
  expect(kinds(planDrain([eu, us], 'us'))).toEqual([]);
});
