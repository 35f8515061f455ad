import { judgeReturned, type ReturnedFacts } from '../../../lib/drill/backups/judge-returned';
import { refusalFinding } from '../../../lib/drill/backups/refusals';
import { historyOf, type HistoryEvent, type WriteEvent } from '../../../lib/drill/events';
import type { Expectation } from '../../../lib/drill/expectation';
import { fail, type Finding } from '../../../lib/drill/verdict';

const EXPECTED: Expectation = {
  clients: ['a'],
  excluded: [],
  members: ['pg-0', 'pg-1'],
  leaderChanges: { min: 0, max: 2 },
  planned: false,
  objective: { rtoSeconds: 60, rpoSeconds: 0 },
  budgetUpperSeconds: 50,
  healthyDeadlineSeconds: 120,
};

/** Written to every second until 18; the old cluster is gone at 20; the restored one serves from 30 to 34; the old data is back at 40, and served from 45 on. */
const [STOPPED, RETURNED, SERVED, END] = [20, 40, 45, 60];
const isServed = (t: number): boolean => t < 18 || (t >= 30 && t < 35) || t >= SERVED;
const writes = Array.from({ length: END }, (_, t): WriteEvent => ({
  kind: 'write',
  client: 'a',
  id: t + 1,
  start: t,
  t: t + 0.1,
  outcome: isServed(t) ? 'acked' : 'failed',
}));
const mark = (name: string, t: number): HistoryEvent => ({ t, kind: 'mark', name });
const marks = [mark('steady', 1), mark('faultAt', 9), mark('end', END - 0.5)];
const rows = (...present: readonly (readonly [number, number])[]): HistoryEvent => ({ t: END + 1, kind: 'rows', client: 'a', present });
const OLD = rows([1, 18], [SERVED + 1, END]);

const facts = (changes: Partial<ReturnedFacts> = {}, present: HistoryEvent = OLD): ReturnedFacts => ({
  history: historyOf([...writes, ...marks, present]),
  expectation: EXPECTED,
  stoppedAt: STOPPED,
  returnedAt: RETURNED,
  healthyAt: 50,
  ledger: { expected: 500, found: 500, altered: 0 },
  neighbours: { before: true, after: true },
  findings: [],
  ...changes,
});
const failing = (findings: readonly Finding[]): readonly string[] => findings.filter((f) => f.verdict === 'fail').map((f) => f.check);

test('a restore that is undone passes when the old data is back, and nothing else', () => {
  const { findings, measured, extra } = judgeReturned(facts());
  expect(findings.filter((f) => f.verdict !== 'pass')).toEqual([]);
  expect(measured).toMatchObject({ ackedLost: 0, healthyAgainSeconds: 10 });
  expect(extra).toEqual({ rowsGivenUp: 5 });
});

test.each<[string, string, ReturnedFacts]>([
  ['a row from before it is missing', 'acked-lost', facts({}, rows([1, 17], [SERVED + 1, END]))],
  ['a row from after it is missing', 'acked-lost', facts({}, rows([1, 18], [SERVED + 2, END]))],
  ['a row of the restored cluster is there', 'given-up', facts({}, rows([1, 18], [31, 31], [SERVED + 1, END]))],
  ['the bug is undone with it', 'table-whole', facts({ ledger: { expected: 500, found: 1000, altered: 0 } })],
  ['what came after the bug is gone', 'as-it-was', facts({ neighbours: { before: true, after: false } })],
  ['it does not become healthy', 'healthy-again', facts({ healthyAt: null })],
  ['it becomes healthy too late', 'healthy-again', facts({ healthyAt: RETURNED + 121 })],
  ['a command did not do what it should', 'resumed', facts({ findings: [fail('resumed', 'exit 1')] })],
])('it fails when %s', (_, check, given) => {
  expect(failing(judgeReturned(given).findings)).toEqual([check]);
});

test('it can’t be judged when nothing was stopped', () => {
  const { findings } = judgeReturned(facts({ stoppedAt: null, returnedAt: null }));
  expect(findings.filter((f) => f.verdict === 'unknown').map((f) => f.check)).toContain('returned');
});

describe('a refusal', () => {
  const refusal = { check: 'x', exitCode: 1, said: 'error: it lies in the future', says: /in the future/ };
  test('that says why passes', () => expect(refusalFinding(refusal).verdict).toBe('pass'));
  test.each([
    ['was none', { ...refusal, exitCode: 0 }],
    ['was a defect', { ...refusal, exitCode: 70 }],
    ['was killed', { ...refusal, exitCode: null }],
    ['says something else', { ...refusal, said: 'error: no' }],
  ])('that %s fails', (_, given) => expect(refusalFinding(given).verdict).toBe('fail'));
});
