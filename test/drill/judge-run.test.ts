/** Recovery, errors, integrity, and what keeps a run from being judged. */
import type { HistoryEvent } from '../../lib/drill/history';
import type { Expectation } from '../../lib/drill/expectation';
import { FAULT, END, A, B, C, OLD, NEW, judged, failover, noFailover, notPassed, detailOf, without, withMore, isWrite } from './support/judged';
import { CLIENTS, FAILOVER, NODES } from './support/synthetic';

describe('recovery', () => {
  test("is counted from the fault's end to the moment from which all is well for good", () => {
    expect(judged(failover).measured?.health.seconds).toBeCloseTo(FAILOVER.rejoinedAfter - FAILOVER.healedAfter, 0);
  });

  test('that takes too long fails', () => {
    expect(notPassed(judged(failover, { healthyDeadlineSeconds: 5 }))).toEqual({ 'healthy-again': 'fail' });
  });

  test('that does not last is none', () => {
    const j = judged({ ...failover, end: 1120 }, {}, withMore({ t: 1119.9, kind: 'role', member: NODES[2], state: 'starting', role: 'replica', timeline: 2 }));
    expect(notPassed(j)).toEqual({ 'healthy-again': 'fail' });
    expect(j.measured?.health.seconds).toBeNull();
  });

  test('that was not waited for can not be told', () => {
    const j = judged({ ...failover, failover: { ...FAILOVER, rejoinedAfter: 100 } });
    expect(notPassed(j)).toEqual({ 'healthy-again': 'unknown' });
  });

  test('on two timelines is none', () => {
    const j = judged({ ...failover, end: 1120 }, {}, (events) =>
      events.map((e) => (e.kind === 'role' && e.member === NODES[2] && e.timeline === 2 ? { ...e, timeline: 1 } : e)),
    );
    expect(notPassed(j)).toEqual({ 'healthy-again': 'fail' });
  });
});

describe('errors during planned work', () => {
  const planned: Partial<Expectation> = { ...noFailover, planned: true };
  const failWrites = (from: number, to: number) => (events: readonly HistoryEvent[]) =>
    events.map((e) =>
      isWrite(e) && e.client === B && e.start >= from && e.start < to ? { ...e, outcome: 'failed' as const, error: 'terminating connection' } : e,
    );
  const rowsGone = (events: readonly HistoryEvent[]): readonly HistoryEvent[] => events;

  test('are cured by one retry', () => {
    const j = judged({ seed: 2 }, planned, (e) => rowsGone(failWrites(FAULT + 1, FAULT + 1.02)(e)));
    expect(notPassed(j)).toEqual({});
    expect(j.measured?.errors.find((c) => c.client === B)).toEqual({ client: B, errors: 1, beyondOneRetry: 0 });
  });

  test('that a retry meets again fail', () => {
    const j = judged({ seed: 2 }, planned, failWrites(FAULT + 1, FAULT + 1.06));
    expect(notPassed(j)).toEqual({ 'client-errors': 'fail' });
    expect(j.measured?.errors.find((c) => c.client === B)).toEqual({ client: B, errors: 3, beyondOneRetry: 2 });
  });

  test('are not judged when the fault was not planned', () => {
    expect(notPassed(judged({ seed: 2 }, noFailover, failWrites(FAULT + 1, FAULT + 1.06)))).toEqual({});
  });
});

describe('a run can not be judged', () => {
  test.each([
    ['without a fault', without((e) => e.kind === 'mark' && e.name === 'faultAt'), 'window'],
    ['without an end', without((e) => e.kind === 'mark' && e.name === 'end'), 'window'],
    ['without a steady state', without((e) => e.kind === 'mark' && e.name === 'steady'), 'steady-state'],
    ['when a client was not served before the fault', without((e) => isWrite(e) && e.client === A && e.t < FAULT), 'steady-state'],
    ['without the integrity check', without((e) => e.kind === 'integrity'), 'integrity'],
    ['when the meter of a node was down', without((e) => e.kind === 'local-commit' && e.node === NEW && e.t > FAULT + 30 && e.t < FAULT + 31), 'sampling'],
    ['when the observer of the leader key was down', without((e) => e.kind === 'leader' && e.t > FAULT + 30 && e.t < FAULT + 32), 'sampling'],
    ['when nobody read', without((e) => e.kind === 'read'), 'sampling'],
    ['when a client stopped trying at the end', without((e) => isWrite(e) && e.client === C && e.t > END - 3), 'served-at-the-end'],
  ])('%s', (_, change, check) => {
    const j = judged(failover, {}, change);
    expect(j.verdict).toBe('unknown');
    expect(notPassed(j)[check]).toBe('unknown');
  });

  test('when local commits were sampled too seldom', () => {
    let n = 0;
    const j = judged(
      failover,
      {},
      without((e) => e.kind === 'local-commit' && n++ % 2 === 0),
    );
    expect(notPassed(j)).toEqual({ sampling: 'unknown' });
    expect(detailOf(j, 'sampling')).toMatch(/sampled every \d+ ms \(allowed: 50 ms\)/);
  });

  test('unless the fault explains the silence', () => {
    const silent = without((e) => e.kind === 'local-commit' && e.node === OLD && e.t > FAULT + 1 && e.t < FAULT + 10);
    const because = { probe: `local-commit:${OLD}`, from: FAULT + 1, to: FAULT + 10, because: 'the node is stopped' };
    expect(notPassed(judged(failover, {}, silent))).toEqual({ sampling: 'unknown' });
    expect(notPassed(judged(failover, { expectedSilences: [because] }, silent))).toEqual({});
  });

  test('and a failure is worse than that', () => {
    const j = judged(
      failover,
      { objective: { rtoSeconds: 15, rpoSeconds: 0 } },
      without((e) => e.kind === 'integrity'),
    );
    expect(j.verdict).toBe('fail');
  });
});

test('a broken index fails the run, with what amcheck said', () => {
  const j = judged(failover, {}, withMore({ t: END + 3, kind: 'integrity', ok: false, detail: 'item order invariant violated for index "writes_pkey"' }));
  expect(notPassed(j)).toEqual({ integrity: 'fail' });
  expect(detailOf(j, 'integrity')).toContain('writes_pkey');
});

test('stages are derived from what was seen', () => {
  const stages = judged(failover).measured?.stages;
  expect(stages).toMatchObject({ faultAt: 0 });
  expect(stages?.detected).toBeCloseTo(FAILOVER.releasedAfter, 0);
  expect(stages?.lockTaken).toBeCloseTo(FAILOVER.lockAfter, 0);
  expect(stages?.promoted).toBeCloseTo(FAILOVER.promotedAfter, 0);
  expect(stages?.routed).toBeCloseTo(FAILOVER.promotedAfter + 0.2, 2);
  expect(stages?.firstAck).toBeCloseTo(FAILOVER.servedAfter, 0);
});

describe('without a failover, the first acknowledgement', () => {
  test('ends the gap that the fault began', () => {
    const waiting = (e: HistoryEvent): boolean => isWrite(e) && e.t > FAULT + 0.1 && e.t < FAULT + 9;
    const late = CLIENTS.map((client): HistoryEvent => ({ t: FAULT + 9, kind: 'write', client, id: 50_000, start: FAULT + 0.1, outcome: 'failed' }));
    const stages = judged({ seed: 4 }, noFailover, (events) => [...events.filter((e) => !waiting(e)), ...late]).measured?.stages;
    expect(stages).toMatchObject({ detected: null, lockTaken: null, promoted: null, routed: null });
    expect(stages?.firstAck).toBeCloseTo(9, 1);
  });

  test('comes at once where nothing was interrupted', () => {
    expect(judged({ seed: 4 }, noFailover).measured?.stages.firstAck).toBeLessThan(0.05);
  });
});
