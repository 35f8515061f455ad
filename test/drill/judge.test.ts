/** A sound run passes, whatever its seed; then each fault is planted in one, and has to be found by its own check. */
import { historyOf, type HistoryEvent, type WriteEvent } from '../../lib/drill/history';
import type { Expectation } from '../../lib/drill/expectation';
import { judge, type Judgement } from '../../lib/drill/judge';
import { seeds } from './support/random';
import { CLIENTS, expectationOf, FAILOVER, NODES, soundEvents, type Plan } from './support/synthetic';

const FAULT = 1010;
const END = 1052;
const [A, B, C] = CLIENTS;
const [OLD, NEW] = NODES;

const judged = (
  plan: Plan,
  expectation: Partial<Expectation> = {},
  change: (events: readonly HistoryEvent[]) => readonly HistoryEvent[] = (e) => e,
): Judgement => judge(historyOf(change(soundEvents(plan))), expectationOf(expectation));

const failover: Plan = { seed: 7, failover: FAILOVER };
const noFailover: Partial<Expectation> = { leaderChanges: { min: 0, max: 0 } };
const notPassed = (j: Judgement): Record<string, string> => Object.fromEntries(j.findings.filter((f) => f.verdict !== 'pass').map((f) => [f.check, f.verdict]));
const detailOf = (j: Judgement, check: string): string => j.findings.find((f) => f.check === check)?.detail ?? '';
const without = (drop: (e: HistoryEvent) => boolean) => (events: readonly HistoryEvent[]) => events.filter((e) => !drop(e));
const withMore =
  (...more: readonly HistoryEvent[]) =>
  (events: readonly HistoryEvent[]) => [...events, ...more];
/** An older meter's write: nobody knows who acknowledged it. */
const anonymous = ({ t, kind, client, id, start, outcome }: WriteEvent): WriteEvent => ({ t, kind, client, id, start, outcome });
const isWrite = (e: HistoryEvent): e is WriteEvent => e.kind === 'write';
const lastAckBefore = (events: readonly HistoryEvent[], client: string, t: number): WriteEvent => {
  const acked = events.filter(isWrite).filter((w) => w.client === client && w.outcome === 'acked' && w.t < t);
  return acked.reduce((a, b) => (b.t > a.t ? b : a));
};
const dropRow = (client: string, id: number) => (events: readonly HistoryEvent[]) =>
  events.map((e) =>
    e.kind === 'rows' && e.client === client
      ? {
          ...e,
          present: e.present.flatMap(([from, to]) =>
            id < from || id > to ? [[from, to] as const] : [[from, id - 1] as const, [id + 1, to] as const].filter(([a, b]) => a <= b),
          ),
        }
      : e,
  );

describe('a sound run passes', () => {
  test.each(seeds(10))('with a failover (seed %i)', (seed) => {
    const j = judged({ seed, failover: FAILOVER, inFlight: seed % 2 ? 'unknown' : 'failed', start: 1000 + seed / 7 });
    expect(notPassed(j)).toEqual({});
    expect(j.verdict).toBe('pass');
    expect(j.measured?.gaps[0]?.seconds).toBeGreaterThan(19.7);
    expect(j.measured?.gaps[0]?.seconds).toBeLessThan(20.2);
    expect(j.measured?.writable?.nodes).toHaveLength(1);
    expect(j.measured?.rows.ackedLost).toEqual([]);
  });

  test.each(seeds(10))('without one (seed %i)', (seed) => {
    const j = judged({ seed }, { ...noFailover, planned: true });
    expect(notPassed(j)).toEqual({});
    expect(j.measured?.gaps[0]?.seconds).toBeLessThan(0.06);
    expect(j.measured?.health.seconds).toBe(0);
  });

  test.each(seeds(5))('with an excluded client, whose longer gap has no say (seed %i)', (seed) => {
    const j = judged({ ...failover, seed, excluded: [A] }, { excluded: [{ client: A, because: 'it is on the node' }] });
    expect(notPassed(j)).toEqual({});
    expect(j.measured?.gaps.map((g) => g.client).sort()).toEqual([B, C]);
  });
});

describe('the gap', () => {
  test('fails above the objective, and says where', () => {
    const j = judged(failover, { objective: { rtoSeconds: 15, rpoSeconds: 0 } });
    expect(notPassed(j)).toEqual({ objective: 'fail' });
    expect(detailOf(j, 'objective')).toMatch(/^(19\.\d\d|20\.\d\d) s at eu-central-1[abc]; objective 15\.00 s$/);
  });

  test("fails above the configuration's upper bound, also within the objective", () => {
    expect(notPassed(judged(failover, { budgetUpperSeconds: 18 }))).toEqual({ budget: 'fail' });
  });

  test('of a client that is never served again reaches to the end, and fails', () => {
    const j = judged(failover, { objective: { rtoSeconds: 60, rpoSeconds: 0 }, budgetUpperSeconds: 60 }, (events) =>
      events.map((e) => (isWrite(e) && e.client === B && e.t > FAULT ? { ...e, outcome: 'failed' as const } : e)),
    );
    expect(notPassed(j)['served-at-the-end']).toBe('fail');
    expect(j.measured?.gaps[0]).toMatchObject({ client: B, open: true });
    expect(j.measured?.gaps[0]?.seconds).toBeCloseTo(END - FAULT, 0);
  });

  test('counts from acknowledgement to acknowledgement, so a write that waits and succeeds is one', () => {
    const j = judged({ seed: 3 }, { ...noFailover, budgetUpperSeconds: 1 }, (events) => [
      ...events.filter((e) => !(isWrite(e) && e.client === C && e.t > FAULT && e.t < FAULT + 4)),
      { t: FAULT + 4, kind: 'write', client: C, id: 100_000, start: FAULT + 0.001, outcome: 'acked', node: OLD },
      { t: END + 1.5, kind: 'rows', client: C, present: [[1, 100_000]] },
    ]);
    expect(notPassed(j)).toEqual({ budget: 'fail' });
    expect(j.measured?.gaps[0]?.seconds).toBeCloseTo(4, 1);
  });

  test('that the silence of the meter explains can not be told', () => {
    const j = judged(
      { seed: 3 },
      { ...noFailover, budgetUpperSeconds: 1 },
      without((e) => isWrite(e) && e.client === C && e.t > FAULT && e.t < FAULT + 4),
    );
    expect(j.verdict).toBe('unknown');
    expect(notPassed(j)).toMatchObject({ budget: 'unknown', sampling: 'unknown' });
  });

  test('before the fault has no say', () => {
    const j = judged(
      { seed: 3 },
      { ...noFailover, budgetUpperSeconds: 1 },
      without((e) => isWrite(e) && e.client === C && e.t > 1000 && e.t < 1002.5),
    );
    expect(notPassed(j)).toEqual({});
  });
});

describe('rows', () => {
  test.each(seeds(8))('that were acknowledged and are missing are found, exactly (seed %i)', (seed) => {
    const plan = { ...failover, seed };
    const victim = lastAckBefore(soundEvents(plan), B, FAULT + 0.01);
    const j = judged(plan, {}, dropRow(B, victim.id));
    // The reads saw it too, unless it was the very last one before the fault.
    expect(notPassed(j)['acked-lost']).toBe('fail');
    expect(j.measured?.rows.ackedLost).toEqual([{ client: B, ids: [[victim.id, victim.id]], count: 1 }]);
    expect(j.measured?.rows.rpoSeconds).toBeGreaterThanOrEqual(0);
    expect(detailOf(j, 'acked-lost')).toContain(`${B}: ${victim.id}`);
  });

  test('that were only read and are missing are found', () => {
    const j = judged(failover, {}, (events) =>
      events.map((e) =>
        e.kind === 'read' && Math.abs(e.start - (FAULT - 0.3)) < 0.26
          ? { ...e, maxIdPerClient: { ...e.maxIdPerClient, [A]: 90_000 }, missing: { [A]: [[1, 89_999]] } }
          : e,
      ),
    );
    expect(notPassed(j)).toEqual({ 'read-then-lost': 'fail' });
    expect(j.measured?.rows.readThenLost).toEqual([{ client: A, ids: [[90_000, 90_000]], count: 1 }]);
  });

  test('of unknown outcome are neither lost nor required to be absent', () => {
    const unknown = soundEvents(failover)
      .filter(isWrite)
      .find((w) => w.outcome === 'unknown');
    expect(unknown).toBeDefined();
    const j = judged(failover, {}, (events) =>
      events.map((e) => (e.kind === 'rows' && e.client === unknown?.client ? { ...e, present: [...e.present, [unknown.id, unknown.id] as const] } : e)),
    );
    expect(notPassed(j)).toEqual({});
  });

  test('of excluded clients count as well', () => {
    const plan = { ...failover, excluded: [A] };
    const victim = lastAckBefore(soundEvents(plan), A, FAULT - 2);
    const j = judged(plan, { excluded: [{ client: A, because: 'it is on the node' }] }, dropRow(A, victim.id));
    expect(notPassed(j)).toEqual({ 'acked-lost': 'fail', 'read-then-lost': 'fail' });
  });

  test('within the RPO are reported and pass', () => {
    const victim = lastAckBefore(soundEvents(failover), B, FAULT - 2);
    const j = judged(failover, { objective: { rtoSeconds: 30, rpoSeconds: 5 } }, dropRow(B, victim.id));
    expect(notPassed(j)).toEqual({});
    expect(j.measured?.rows.rpoSeconds).toBeCloseTo(2, 1);
    expect(notPassed(judged(failover, { objective: { rtoSeconds: 30, rpoSeconds: 1 } }, dropRow(B, victim.id)))['acked-lost']).toBe('fail');
  });

  test('that nobody read at the end can not be told', () => {
    const j = judged(
      failover,
      {},
      without((e) => e.kind === 'rows' && e.client === C),
    );
    expect(notPassed(j)).toEqual({ 'final-rows': 'unknown' });
  });

  test('that were read before the last acknowledgement can not be told', () => {
    const j = judged(failover, {}, (events) => events.map((e) => (e.kind === 'rows' && e.client === C ? { ...e, t: END - 1 } : e)));
    expect(notPassed(j)['final-rows']).toBe('unknown');
  });
});

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
