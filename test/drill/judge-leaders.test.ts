/** Two primaries and leader changes, planted in sound runs. */
import type { HistoryEvent } from '../../lib/drill/history';
import { FAULT, END, A, OLD, NEW, judged, failover, noFailover, notPassed, detailOf, without, withMore, anonymous, isWrite } from './support/judged';
import { seeds } from './support/random';
import { FAILOVER } from './support/synthetic';

describe('two primaries', () => {
  const localCommit = (node: string, start: number, seconds = 0.002): HistoryEvent => ({
    t: start + seconds,
    kind: 'local-commit',
    node,
    start,
    ok: true,
    inRecovery: false,
  });
  const served = FAULT + FAILOVER.servedAfter + 0.5;

  test.each(seeds(8))('are found when the old one takes a single commit while the new one serves (seed %i)', (seed) => {
    const j = judged({ ...failover, seed }, {}, withMore(localCommit(OLD, served + seed / 10)));
    expect(notPassed(j)).toEqual({ 'one-writable-primary': 'fail', 'local-commits-end-before-promotion': 'fail' });
    expect(j.measured?.writable?.nodes).toEqual([OLD, NEW]);
  });

  test('are not seen in an orderly handover, however close', () => {
    const quick = { lostAfter: 0.02, releasedAfter: 0.03, lockAfter: 0.04, promotedAfter: 0.05, servedAfter: 0.1, healedAfter: 1, rejoinedAfter: 3 };
    for (const seed of seeds(12)) expect(notPassed(judged({ seed, failover: quick }))).toEqual({});
  });

  test('that only accept local commits before the new one acknowledges leave a margin, which is measured', () => {
    const late = Array.from({ length: 160 }, (_, i) => localCommit(OLD, FAULT + 0.05 + i * 0.05));
    const j = judged(failover, {}, withMore(...late));
    expect(notPassed(j)).toEqual({});
    expect(j.measured?.margins[0]?.seconds).toBeCloseTo(FAILOVER.servedAfter - 8, 0);
  });

  test('can not be told when a local commit was in flight over the first acknowledgement', () => {
    const j = judged(failover, {}, withMore(localCommit(OLD, FAULT + 10, 12)));
    expect(notPassed(j)).toEqual({ 'local-commits-end-before-promotion': 'unknown' });
  });

  test('that acknowledge in turn are found, in the same second or not', () => {
    const ack = (id: number, t: number): HistoryEvent => ({ t, kind: 'write', client: A, id, start: t - 0.002, outcome: 'acked', node: OLD });
    const j = judged(failover, {}, withMore(ack(70_000, served + 3), { t: END + 1.5, kind: 'rows', client: A, present: [[1, 70_000]] }));
    expect(notPassed(j)['one-acknowledging-primary']).toBe('fail');
    expect(j.measured?.doubleAcknowledgements).toContainEqual({ nodes: [NEW, OLD], at: served + 3 });
    expect(detailOf(j, 'one-acknowledging-primary')).toMatch(/acknowledged clients' writes in turn/);
  });

  test('one after the other, over two leader changes, are two reigns and no double', () => {
    const again = FAULT + 30;
    const j = judged(failover, { leaderChanges: { min: 2, max: 2 } }, (events) =>
      events.map((e): HistoryEvent => {
        if (e.t < again) return e;
        if (e.kind === 'leader') return { ...e, member: OLD };
        if (isWrite(e) && e.start > again + 0.2) return { ...e, node: OLD };
        return e;
      }),
    );
    expect(notPassed(j)['one-acknowledging-primary']).toBeUndefined();
  });

  test('can not be told when writes do not say who acknowledged them', () => {
    const j = judged(failover, {}, (events) => events.map((e) => (isWrite(e) ? anonymous(e) : e)));
    expect(notPassed(j)).toEqual({ 'one-acknowledging-primary': 'unknown', 'local-commits-end-before-promotion': 'unknown' });
  });

  test('can not be told without local commits', () => {
    const j = judged(
      failover,
      {},
      without((e) => e.kind === 'local-commit'),
    );
    expect(notPassed(j)).toMatchObject({ 'one-writable-primary': 'unknown', sampling: 'unknown' });
  });
});

describe('leader changes', () => {
  test('that the drill does not expect are false failovers', () => {
    const j = judged(failover, noFailover);
    expect(notPassed(j)).toEqual({ 'leader-changes': 'fail' });
    expect(j.measured?.falseFailovers).toBe(1);
  });

  test('that stay away put in doubt that the fault struck', () => {
    const j = judged({ seed: 1 });
    expect(notPassed(j)).toEqual({ 'leader-changes': 'unknown' });
  });

  test('before the fault fail, though nobody struck', () => {
    const j = judged({ seed: 1 }, noFailover, (events) => events.map((e) => (e.kind === 'leader' && e.t > 1006 ? { ...e, member: NEW } : e)));
    expect(notPassed(j)['steady-state']).toBe('fail');
    expect(j.measured?.falseFailovers).toBe(1);
  });

  test('are none when the same member releases the key and takes it again', () => {
    const j = judged({ seed: 1 }, noFailover, (events) => events.map((e) => (e.kind === 'leader' && e.t > 1012 && e.t < 1014 ? { ...e, member: null } : e)));
    expect(notPassed(j)).toEqual({});
  });
});
