import { CACHE_MODES, streamOf, type CacheEvent, type CacheHistory, type CacheMode, type CacheOutcome } from '../../lib/drill/cache/history';
import { judgeCache, OTHER_SHARDS_SECONDS, type CacheExpectation } from '../../lib/drill/cache/judge';

const CLIENTS = ['a', 'b', 'c'];
const FAULT = 100;
const END = 130;
const EXPECTATION: CacheExpectation = {
  objective: { rtoSeconds: 5, rpoSeconds: 0 },
  budgetUpperSeconds: 4,
  healthyDeadlineSeconds: 90,
  isolation: false,
  othersUpperSeconds: OTHER_SHARDS_SECONDS,
};

interface Outage {
  readonly gap: number;
  /** Of the shards that the fault does not strike. */
  readonly others?: number;
}

/** Shard 1 fails over from node n1 to m1: every client writes every 0.1 s, and nothing is acknowledged in the gap. */
const events = ({ gap, others = 0 }: Outage): CacheEvent[] => {
  const all: CacheEvent[] = [];
  for (const client of CLIENTS)
    for (let shard = 0; shard < 3; shard++)
      for (const mode of CACHE_MODES)
        for (let i = 0; i < 400; i++) {
          const t = 90 + i / 10;
          const silent = t > FAULT && t < FAULT + (shard === 1 ? gap : others);
          const outcome: CacheOutcome = silent ? 'failed' : 'acked';
          const node = shard === 1 && t >= FAULT + gap ? 'm1' : `n${shard}`;
          all.push({ kind: 'cache-write', t, start: t, client, shard, mode, id: i, outcome, node: silent ? null : node });
        }
  return all;
};

const everything = (list: readonly CacheEvent[]): Map<string, Set<number>> => {
  const present = new Map<string, Set<number>>();
  for (const e of list) if (e.kind === 'cache-write' && e.outcome === 'acked') present.set(streamOf(e), (present.get(streamOf(e)) ?? new Set()).add(e.id));
  return present;
};

const history = (list: readonly CacheEvent[], changes: Partial<CacheHistory> = {}): CacheHistory => ({
  events: list,
  clients: CLIENTS,
  shards: 3,
  struck: [1],
  excluded: {},
  faultAt: FAULT,
  healedAt: 110,
  endAt: END - 1,
  healthyAt: 120,
  present: everything(list),
  dead: [],
  ...changes,
});

const verdictOf = (h: CacheHistory, check: string, expectation = EXPECTATION): string | undefined =>
  judgeCache(h, expectation).findings.find((f) => f.check === check)?.verdict;
const change = (list: readonly CacheEvent[], matches: (e: CacheEvent) => boolean, to: Partial<CacheEvent>): CacheEvent[] =>
  list.map((e) => (matches(e) ? ({ ...e, ...to } as CacheEvent) : e));

test('a failover within the budget passes, with its figures', () => {
  const outcome = judgeCache(history(events({ gap: 2.5 })), EXPECTATION);
  expect(outcome.findings.filter((f) => f.verdict !== 'pass')).toEqual([]);
  expect(outcome.measured.gapSeconds).toBeCloseTo(2.5, 1);
  expect(outcome.measured).toMatchObject({ ackedLost: 0, writablePrimaries: 1, falseFailovers: 0, healthyAgainSeconds: 10 });
  expect(outcome.stages?.firstAck).toBeCloseTo(2.5, 5);
});

test.each([
  ['a gap above the budget', 4.5, 'fail'],
  ['a gap above the objective', 6, 'fail'],
  ['a gap that never ends', 100, 'fail'],
])('%s fails', (_, gap, verdict) => {
  expect(verdictOf(history(events({ gap })), 'gap')).toBe(verdict);
});

test('shards that the fault does not strike may pause for a second, and no longer', () => {
  expect(verdictOf(history(events({ gap: 2, others: 0.8 })), 'other-shards')).toBe('pass');
  expect(verdictOf(history(events({ gap: 2, others: 1.5 })), 'other-shards')).toBe('fail');
});

test('without a majority every shard stops: then the others have the same time, and must come back', () => {
  const expectation = { ...EXPECTATION, othersUpperSeconds: 4 };
  expect(verdictOf(history(events({ gap: 2, others: 3 })), 'other-shards', expectation)).toBe('pass');
  expect(verdictOf(history(events({ gap: 2, others: 4.5 })), 'other-shards', expectation)).toBe('fail');
  expect(verdictOf(history(events({ gap: 2, others: 100 })), 'other-shards', { ...EXPECTATION, othersUpperSeconds: 100 })).toBe('fail');
});

const missing = (mode: CacheMode): CacheHistory => {
  const list = events({ gap: 2 });
  const present = everything(list);
  present.get(`a/1/${mode}`)?.delete(95);
  return history(list, { present });
};

test('one write that WAIT confirmed and that is missing fails the run', () => {
  expect(verdictOf(missing('wait'), 'confirmed-writes')).toBe('fail');
  expect(judgeCache(missing('wait'), EXPECTATION).measured.ackedLost).toBe(1);
});

test('a plain write that is missing is counted, and fails nothing', () => {
  const outcome = judgeCache(missing('plain'), EXPECTATION);
  expect(outcome.measured.ackedLost).toBe(0);
  expect(outcome.extra['plainLost']).toBe(1);
  expect(outcome.findings.every((f) => f.verdict === 'pass')).toBe(true);
});

test('a write that WAIT did not confirm was never promised', () => {
  const list = change(events({ gap: 2 }), (e) => e.kind === 'cache-write' && e.client === 'a' && e.shard === 1 && e.mode === 'wait' && e.id === 95, {
    outcome: 'unconfirmed',
  });
  expect(verdictOf(history(list), 'confirmed-writes')).toBe('pass');
});

test('what could not be read is unknown, never zero', () => {
  const list = events({ gap: 2 });
  const present = everything(list);
  present.delete('b/1/wait');
  expect(verdictOf(history(list, { present }), 'confirmed-writes')).toBe('unknown');
});

test('two nodes that accept writes of one shard side by side fail, unless the drill isolates a master', () => {
  const list = change(events({ gap: 2 }), (e) => e.kind === 'cache-write' && e.client === 'b' && e.shard === 1 && e.t > 103 && e.t < 106, { node: 'n1' });
  expect(verdictOf(history(list), 'one-master')).toBe('fail');
  expect(verdictOf(history(list), 'one-master', { ...EXPECTATION, isolation: true })).toBe('pass');
});

test('a handover back home is no second master', () => {
  const list = change(events({ gap: 2 }), (e) => e.kind === 'cache-write' && e.shard === 1 && e.t > 118, { node: 'n1' });
  expect(verdictOf(history(list), 'one-master')).toBe('pass');
});

test('a failover of a shard that was not struck is a false one', () => {
  const list = change(events({ gap: 2 }), (e) => e.kind === 'cache-write' && e.shard === 2 && e.t > 104, { node: 'm2' });
  expect(verdictOf(history(list), 'false-failovers')).toBe('fail');
});

test.each([
  ['a client that was not served before the fault', { events: events({ gap: 2 }).filter((e) => !(e.client === 'c' && e.shard === 2 && e.t <= FAULT)) }],
  ['a meter that died', { dead: ['a'] }],
])('%s makes the run unknown', (_, changes) => {
  expect(verdictOf(history(events({ gap: 2 }), changes), 'steady-state')).toBe('unknown');
});

test('a cache that is not whole again in time fails', () => {
  expect(verdictOf(history(events({ gap: 2 }), { healthyAt: null }), 'healthy-again')).toBe('fail');
  expect(verdictOf(history(events({ gap: 2 }), { healthyAt: 201 }), 'healthy-again')).toBe('fail');
});

test('a client beside the fault has no say in the gap, but what it was told counts', () => {
  const list = change(events({ gap: 2 }), (e) => e.kind === 'cache-write' && e.client === 'b' && e.shard === 1 && e.t > FAULT, { outcome: 'failed' });
  const excluded = { b: 'it is beside the fault' };
  expect(verdictOf(history(list, { excluded }), 'gap')).toBe('pass');
  expect(verdictOf(history(list), 'gap')).toBe('fail');
});
