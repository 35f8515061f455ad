import { superuserCommit } from '../../../lab/regions/outcome';
import type { LabSettings } from '../../../lab/settings';
import { samplingHealth } from '../../../lib/drill/checkers';
import { historyOf, type HistoryEvent } from '../../../lib/drill/events';
import { labFailover } from '../../../lib/environments/lab-failover';
import { defineEnvironment } from '../../../lib/topology/define';

const [region] = defineEnvironment(labFailover).regions;
const ignored = { region: { region } as LabSettings, from: 10, to: 20 };
const commit = (t: number, node = 'pg-euc1-0', ok = true): HistoryEvent => ({ t, kind: 'local-commit', node, start: t - 0.01, ok, inRecovery: false });

test('what the superuser commits in a region that is fenced counts as no commit, and still as a look', () => {
  expect(superuserCommit(commit(15), ignored)).toEqual({ ...commit(15), ok: false });
});

test.each([
  ['before the fence', commit(9.9)],
  ['after the region has stepped back', commit(20.1)],
  ['in the other region', commit(15, 'pg-use1-0')],
])('a commit %s is one', (_, event) => expect(superuserCommit(event, ignored)).toBe(event));

test('without a fence nothing is changed', () => expect(superuserCommit(commit(15), undefined)).toEqual(commit(15)));

test('a probe that is silent meanwhile is still found, and one that is not, is not', () => {
  const silences = (times: readonly number[]): number | undefined => {
    const history = historyOf(times.map((t) => superuserCommit(commit(t), ignored)));
    const expectation = {
      clients: [],
      excluded: [],
      members: ['pg-euc1-0'],
      leaderChanges: { min: 0, max: 0 },
      planned: false,
      objective: { rtoSeconds: 1, rpoSeconds: 0 },
      budgetUpperSeconds: 1,
      healthyDeadlineSeconds: 1,
    };
    return samplingHealth(history, expectation, 10, 20).find(({ probe }) => probe === 'local-commit:pg-euc1-0')?.maxSilenceSeconds;
  };
  const steadily = Array.from({ length: 101 }, (_, i) => 10 + i / 10);
  expect(silences(steadily)).toBeLessThan(0.2);
  expect(silences(steadily.filter((t) => t < 12 || t > 17))).toBeGreaterThan(4.9);
});
