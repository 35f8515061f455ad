/** A sound run passes, whatever its seed; then each fault is planted in one, and has to be found by its own check: gaps and rows. */
import { FAULT, END, A, B, C, OLD, judged, failover, noFailover, notPassed, detailOf, without, isWrite, lastAckBefore, dropRow } from './support/judged';
import { seeds } from './support/random';
import { FAILOVER, soundEvents } from './support/synthetic';

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
