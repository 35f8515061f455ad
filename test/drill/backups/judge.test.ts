import { judgeRestore, judgeUndisturbed, writableAt, type RestoreFacts } from '../../../lib/drill/backups/judge';
import { historyOf, type HistoryEvent, type WriteEvent } from '../../../lib/drill/events';
import type { Expectation } from '../../../lib/drill/expectation';
import type { Finding } from '../../../lib/drill/verdict';

const EXPECTED: Expectation = {
  clients: ['a', 'b'],
  excluded: [],
  members: ['pg-0', 'pg-1'],
  leaderChanges: { min: 0, max: 1 },
  planned: false,
  objective: { rtoSeconds: 60, rpoSeconds: 0 },
  budgetUpperSeconds: 50,
  healthyDeadlineSeconds: 120,
};

/** Clients write every second; the bug at 10, the command at 14, the old cluster is gone at 20, writes are acknowledged again from 50 on. */
const BUG = { sentAt: 10.2, doneAt: 10.3 };
const [BEGAN, STOPPED, SERVED, END] = [14, 20, 50, 60];

const write = (client: string, t: number): WriteEvent => ({
  kind: 'write',
  client,
  id: t + 1,
  start: t,
  t: t + 0.1,
  outcome: t < STOPPED - 1 || t >= SERVED ? 'acked' : 'failed',
});
const seconds = Array.from({ length: END }, (_, i) => i);
const writes = ['a', 'b'].flatMap((client) => seconds.map((t) => write(client, t)));
const rows = (client: string, present: readonly (readonly [number, number])[]): HistoryEvent => ({ t: END + 1, kind: 'rows', client, present });
const mark = (name: string, t: number): HistoryEvent => ({ t, kind: 'mark', name });
const marks = [mark('steady', 1), mark('faultAt', 9), mark('end', END - 0.5)];
/** Until the bug (ids 1 to 11), and since the restore. */
const LEFT: readonly (readonly [number, number])[] = [
  [1, 11],
  [SERVED + 1, END],
];

const facts = (changes: Partial<RestoreFacts> & { readonly events?: readonly HistoryEvent[] } = {}): RestoreFacts => {
  const { events = [...writes, ...marks, rows('a', LEFT), rows('b', LEFT)], ...rest } = changes;
  return {
    history: historyOf(events),
    expectation: EXPECTED,
    bug: BUG,
    beganAt: BEGAN,
    stoppedAt: STOPPED,
    healthyAt: 70,
    failure: null,
    ledger: { expected: 1000, found: 1000, altered: 0 },
    neighbours: { before: true, after: false },
    confirmFailure: null,
    ...rest,
  };
};

const not = (verdict: Finding['verdict'], findings: readonly Finding[]): readonly string[] => findings.filter((f) => f.verdict === verdict).map((f) => f.check);

test('a restore to the transaction before the bug passes, and what came later is given up, not lost', () => {
  const { findings, measured, extra } = judgeRestore(facts());
  expect(findings.filter((f) => f.verdict !== 'pass')).toEqual([]);
  expect(measured).toMatchObject({ ackedLost: 0, readThenLost: 0, healthyAgainSeconds: 56 });
  expect(measured.gapSeconds).toBeCloseTo(32);
  // ids 12 to 19 of both clients: begun after the bug, acknowledged by the old cluster
  expect(extra).toEqual({ writableSeconds: SERVED + 0.1 - BEGAN, rowsGivenUp: 16 });
});

describe('a restore fails', () => {
  const events = (a: readonly (readonly [number, number])[]): readonly HistoryEvent[] => [...writes, ...marks, rows('a', a), rows('b', LEFT)];
  test.each<[string, string[], Parameters<typeof facts>[0]]>([
    [
      'when a row from before the bug is missing',
      ['acked-lost'],
      {
        events: events([
          [1, 9],
          [SERVED + 1, END],
        ]),
      },
    ],
    [
      'when a row from after the restore is missing',
      ['acked-lost'],
      {
        events: events([
          [1, 11],
          [SERVED + 1, END - 1],
        ]),
      },
    ],
    [
      'when a later row is there',
      ['given-up'],
      {
        events: events([
          [1, 13],
          [SERVED + 1, END],
        ]),
      },
    ],
    ['when the transaction just before the bug is not there', ['exact-before'], { neighbours: { before: false, after: false } }],
    ['when the transaction just after the bug is there', ['exact-after'], { neighbours: { before: true, after: true } }],
    ['when the table is not whole', ['table-whole'], { ledger: { expected: 1000, found: 500, altered: 0 } }],
    ['when rows are altered', ['table-whole'], { ledger: { expected: 1000, found: 1000, altered: 1 } }],
    ['when the command failed', ['restored'], { failure: 'exit 1' }],
    ['when the old data can not be removed', ['confirmed'], { confirmFailure: 'exit 1' }],
    ['when it does not become healthy', ['healthy-again'], { healthyAt: null }],
    ['when it becomes healthy too late', ['healthy-again'], { healthyAt: BEGAN + 121 }],
    [
      'when writes are acknowledged too late',
      ['objective', 'budget', 'writable-again'],
      { expectation: { ...EXPECTED, budgetUpperSeconds: 20, objective: { rtoSeconds: 30, rpoSeconds: 0 } } },
    ],
  ])('%s', (_, checks, changes) => {
    expect(not('fail', judgeRestore(facts(changes)).findings)).toEqual(expect.arrayContaining(checks));
    expect(not('fail', judgeRestore(facts(changes)).findings)).toHaveLength(checks.length);
  });

  test('when a row that somebody read before the bug is gone', () => {
    const read: HistoryEvent = { kind: 'read', client: 'r', start: 5, t: 5.1, ok: true, maxIdPerClient: { a: 6 } };
    const result = judgeRestore(
      facts({
        events: [
          ...events([
            [1, 4],
            [SERVED + 1, END],
          ]),
          read,
        ],
      }),
    );
    expect(result.measured.readThenLost).toBe(2);
    expect(not('fail', result.findings)).toContain('read-then-lost');
  });

  test('when a client is never served again', () => {
    const mute = writes.map((w): WriteEvent => (w.client === 'b' && w.start >= SERVED ? { ...w, outcome: 'failed' } : w));
    const result = facts({ events: [...mute, ...marks, rows('a', LEFT), rows('b', [[1, 11]])] });
    expect(writableAt(result)).toBeNull();
    expect(not('fail', judgeRestore(result).findings)).toEqual(expect.arrayContaining(['writable-again', 'served-at-the-end']));
  });
});

describe('a restore can’t be judged', () => {
  test('when nobody wrote between the bug and the restore', () => {
    const quiet = writes.filter((w) => w.start < 9 || w.start >= SERVED);
    const left: readonly (readonly [number, number])[] = [
      [1, 9],
      [SERVED + 1, END],
    ];
    expect(not('unknown', judgeRestore(facts({ events: [...quiet, ...marks, rows('a', left), rows('b', left)] })).findings)).toContain('given-up');
  });
  test('when the meters did not live to the end', () => {
    const { findings, measured } = judgeRestore(facts({ events: [...writes, mark('faultAt', 9)] }));
    expect(not('unknown', findings)).toEqual(['window']);
    expect(measured.ackedLost).toBeNull();
  });
});

describe('what is done beside a running database', () => {
  const all = writes.map((w): WriteEvent => ({ ...w, outcome: 'acked' }));
  const whole = [...all, ...marks, rows('a', [[1, END]]), rows('b', [[1, END]])];
  const timelines = { before: 3, after: 3 };
  const strict = { ...EXPECTED, objective: { rtoSeconds: 5, rpoSeconds: 0 }, budgetUpperSeconds: 3 };

  test('passes when nobody noticed', () => {
    const { findings, measured } = judgeUndisturbed(historyOf(whole), strict, timelines);
    expect(findings.filter((f) => f.verdict !== 'pass')).toEqual([]);
    expect(measured).toMatchObject({ ackedLost: 0, falseFailovers: 0 });
  });
  test('fails when a write is lost, held up, or a failover happened', () => {
    const lost = judgeUndisturbed(historyOf([...all, ...marks, rows('a', [[2, END]]), rows('b', [[1, END]])]), strict, timelines);
    expect(not('fail', lost.findings)).toEqual(['acked-lost']);
    const held = judgeUndisturbed(historyOf([...writes, ...marks, rows('a', [[1, END]]), rows('b', [[1, END]])]), strict, timelines);
    expect(not('fail', held.findings)).toEqual(['objective', 'budget']);
    expect(not('fail', judgeUndisturbed(historyOf(whole), strict, { before: 3, after: 4 }).findings)).toEqual(['no-failover']);
  });
});
