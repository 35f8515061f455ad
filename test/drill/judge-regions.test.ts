import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import { judgeRegions, reconciliationFinding, type RegionExpectation } from '../../lib/drill/judge-regions';

const STEP = 0.02;
const expectation: RegionExpectation = {
  clients: ['eu-a', 'us-a'],
  excluded: [],
  members: ['pg-eu-0', 'pg-us-0'],
  leaderChanges: { min: 1, max: 1 },
  planned: true,
  objective: { rtoSeconds: 6, rpoSeconds: 0 },
  budgetUpperSeconds: 5.5,
  healthyDeadlineSeconds: 60,
  wholeAfterSeconds: 8,
};

const times = (from: number, to: number): readonly number[] => Array.from({ length: Math.round((to - from) / STEP) }, (_, i) => from + i * STEP);
const commits = (node: string, from: number, to: number): readonly HistoryEvent[] =>
  times(from, to).map((t) => ({ t: t + 0.01, kind: 'local-commit', node, start: t, ok: true, inRecovery: false }));
const standby = (node: string, from: number, to: number): readonly HistoryEvent[] =>
  times(from, to).map((t) => ({ t: t + 0.01, kind: 'local-commit', node, start: t, ok: false, inRecovery: true }));

/** Both regions' clients write to eu until 10, to us from 12 on. */
const writes = (client: string): readonly HistoryEvent[] => {
  const all = [...times(0, 10).map((t) => ({ t, node: 'pg-eu-0' })), ...times(12, 20).map((t) => ({ t, node: 'pg-us-0' }))];
  return all.map(({ t, node }, i) => ({ t: t + 0.01, kind: 'write', client, id: i + 1, start: t, outcome: 'acked', node }));
};
const COUNT = 900;
const rows = (client: string, upTo = COUNT): HistoryEvent => ({ t: 21, kind: 'rows', client, present: [[1, upTo]] });
const quiet: readonly HistoryEvent[] = [
  { t: 1, kind: 'mark', name: 'steady' },
  { t: 10, kind: 'mark', name: 'faultAt' },
  { t: 20, kind: 'mark', name: 'end' },
  { t: 5, kind: 'leader', member: 'pg-eu-0' },
  { t: 12, kind: 'leader', member: 'pg-us-0' },
  { t: 21, kind: 'integrity', ok: true, detail: 'sound' },
  ...writes('eu-a'),
  ...writes('us-a'),
];
const handedOver: readonly HistoryEvent[] = [
  ...commits('pg-eu-0', 0, 10),
  ...standby('pg-eu-0', 10, 20),
  ...standby('pg-us-0', 0, 11.8),
  ...commits('pg-us-0', 11.8, 20),
];
// Between two writes of a client the meters of this history try nothing for two seconds: that is the gap, not a silent meter.
const tried = (client: string): readonly HistoryEvent[] =>
  times(10, 12).map((t, i) => ({ t: t + 0.019, kind: 'write', client, id: 10_000 + i, start: t, outcome: 'failed', error: 'read-only' }));
const good = [...quiet, ...handedOver, ...tried('eu-a'), ...tried('us-a'), rows('eu-a'), rows('us-a')];

const worst = (events: readonly HistoryEvent[], change: Partial<RegionExpectation> = {}): readonly string[] =>
  judgeRegions(historyOf(events), { ...expectation, ...change })
    .findings.filter((f) => f.verdict !== 'pass')
    .map((f) => `${f.verdict} ${f.check}`);

test('an orderly handover between regions passes, with the gap and one primary at a time', () => {
  expect(worst(good)).toEqual([]);
  expect(judgeRegions(historyOf(good), expectation).measured).toMatchObject({
    ackedLost: 0,
    readThenLost: 0,
    writablePrimaries: 1,
    falseFailovers: 0,
    healthyAgainSeconds: 8,
  });
  expect(judgeRegions(historyOf(good), expectation).measured.gapSeconds).toBeCloseTo(2.02, 1);
});

test('planted: the old primary returns and accepts commits beside the new one', () => {
  const split = [...good.filter((e) => !(e.kind === 'local-commit' && e.node === 'pg-eu-0' && e.t > 15)), ...commits('pg-eu-0', 15, 18)];
  expect(worst(split)).toContain('fail one-writable-primary');
  expect(judgeRegions(historyOf(split), expectation).measured.writablePrimaries).toBe(2);
});

test('planted: clients are acknowledged in both regions in turn', () => {
  const extra: HistoryEvent = { t: 15.011, kind: 'write', client: 'eu-a', id: 20_000, start: 15.005, outcome: 'acked', node: 'pg-eu-0' };
  expect(
    worst([
      ...good,
      extra,
      {
        t: 21,
        kind: 'rows',
        client: 'eu-a',
        present: [
          [1, COUNT],
          [20_000, 20_000],
        ],
      },
    ]),
  ).toContain('fail one-acknowledging-primary');
});

test('planted: an acknowledged row is missing', () => {
  const lost = [...good.filter((e) => e.kind !== 'rows'), rows('eu-a', COUNT - 3), rows('us-a')];
  expect(worst(lost)).toContain('fail acked-lost');
});

test('planted: the old region was not whole in time', () => expect(worst(good, { wholeAfterSeconds: null })).toEqual(['fail both-regions-whole']));
test('planted: a promotion that nobody asked for', () => expect(worst(good, { leaderChanges: { min: 0, max: 0 } })).toContain('fail promotions'));
test('a promotion that nobody saw is not passed over', () =>
  expect(worst(good.filter((e) => !(e.kind === 'leader' && e.t > 10)))).toContain('unknown promotions'));

describe('the reconciliation files', () => {
  const lost = historyOf([...good.filter((e) => e.kind !== 'rows'), rows('eu-a', COUNT - 2), rows('us-a')]);
  test('list every acknowledged row that is missing', () =>
    expect(reconciliationFinding(lost, 10, new Map([['eu-a', [COUNT - 1, COUNT, COUNT + 1]]]))).toMatchObject({
      verdict: 'pass',
      detail: expect.stringContaining('2 lost acknowledged rows') as string,
    }));
  test('planted: one that is in no file', () =>
    expect(reconciliationFinding(lost, 10, new Map([['eu-a', [COUNT]]]))).toMatchObject({
      verdict: 'fail',
      detail: '1 lost rows of eu-a are in no reconciliation file',
    }));
});
