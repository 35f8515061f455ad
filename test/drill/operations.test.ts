import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import type { Expectation } from '../../lib/drill/expectation';
import { judgeColdStart, orderFinding, type ColdStart, type TierSample } from '../../lib/drill/operations/cold-start';
import { judgeExhausted, type ExhaustedRun } from '../../lib/drill/operations/connections';
import { judgeMaintenance, rowsFindings, type MaintenanceRun, type TableFound } from '../../lib/drill/operations/maintenance';
import type { Finding } from '../../lib/drill/verdict';

const expectation: Expectation = {
  clients: ['a'],
  excluded: [],
  members: ['pg-0', 'pg-1'],
  leaderChanges: { min: 0, max: 1 },
  planned: false,
  objective: { rtoSeconds: 60, rpoSeconds: 0 },
  budgetUpperSeconds: 50,
  healthyDeadlineSeconds: 60,
};

const ack = (id: number, t: number): HistoryEvent => ({ t, kind: 'write', client: 'a', id, start: t - 0.01, outcome: 'acked', node: '10.0.0.1' });
const marks: readonly HistoryEvent[] = [
  { t: 1, kind: 'mark', name: 'steady' },
  { t: 5, kind: 'mark', name: 'faultAt' },
  { t: 40, kind: 'mark', name: 'end' },
];
const commits: readonly HistoryEvent[] = [4, 5, 30].map((t) => ({ t, kind: 'local-commit', node: 'pg-0', start: t - 0.01, ok: true, inRecovery: false }));
const rows = (upTo: number): HistoryEvent => ({ t: 41, kind: 'rows', client: 'a', present: [[1, upTo]] });
const history = (...more: readonly HistoryEvent[]) => historyOf([...marks, ...commits, ack(1, 4), ack(2, 30), ack(3, 39.9), ...more]);
const bad = (findings: readonly Finding[]): readonly string[] => findings.filter(({ verdict }) => verdict !== 'pass').map(({ check }) => check);

const sample = (t: number, etcdReady: number, databaseWanted: number, databaseReady: number, poolerWanted: number): TierSample => ({
  t,
  etcdReady,
  databaseWanted,
  databaseReady,
  poolerWanted,
});
const ORDERLY = [sample(10, 0, 0, 0, 0), sample(15, 2, 0, 0, 0), sample(16, 3, 3, 0, 0), sample(20, 3, 3, 1, 0), sample(25, 3, 3, 3, 3)];

describe('a cold start', () => {
  const good: ColdStart = {
    expectation,
    survivors: [],
    samples: ORDERLY,
    etcdQuorum: 2,
    permitted: ['pg-0', 'pg-1'],
    leader: 'pg-1',
    outcome: 'whole',
    again: 'nothing to do',
    healthyAfter: 1,
  };
  const judge = (changes: Partial<ColdStart>, present = 3) => judgeColdStart(history(rows(present)), { ...good, ...changes });

  test('passes when every acknowledged row is there', () => {
    const { measured, findings } = judge({});
    expect(bad(findings)).toEqual([]);
    expect(measured).toMatchObject({ gapSeconds: 26, ackedLost: 0, writablePrimaries: 1 });
  });

  test.each<[Partial<ColdStart>, string]>([
    [{ survivors: ['postgres on node-a'] }, 'everything-was-off'],
    [{ leader: 'pg-2' }, 'permitted-leader'],
    [{ leader: null }, 'permitted-leader'],
    [{ outcome: 'timed out' }, 'recovered'],
    [{ again: 'whole' }, 'repeatable'],
    [{ healthyAfter: null }, 'healthy-again'],
    [{ samples: [] }, 'order-of-the-start'],
  ])('catches %j', (changes, check) => expect(bad(judge(changes).findings)).toEqual([check]));

  test('catches a lost row', () => {
    const { measured, findings } = judge({}, 2);
    expect(measured.ackedLost).toBe(1);
    expect(bad(findings)).toEqual(['acked-lost']);
  });

  test('catches whatever starts before what it needs', () => {
    const early = (samples: readonly TierSample[]) => orderFinding({ samples, etcdQuorum: 2 });
    expect(early([sample(10, 0, 3, 0, 0)])).toMatchObject({ verdict: 'fail', detail: expect.stringMatching(/database was started before etcd/) as string });
    expect(early([sample(10, 3, 3, 0, 3)])).toMatchObject({ verdict: 'fail', detail: expect.stringMatching(/poolers were started before/) as string });
  });
});

describe('maintenance', () => {
  const good: TableFound = { table: 'receipts', due: [[1, 100]], kept: [[101, 150]], present: [[101, 150]], archived: [[1, 100]], duplicates: 0, altered: 0 };
  const found = (changes: Partial<TableFound>) => bad(rowsFindings([{ ...good, ...changes }]));

  test('passes when every row is where it must be', () => expect(found({})).toEqual([]));
  test.each<[string, Partial<TableFound>, readonly string[]]>([
    ['a delete without its insert', { archived: [[1, 60]] }, ['no-row-lost']],
    ['a young row that is gone', { present: [[101, 149]] }, ['no-row-lost', 'no-younger-row-touched']],
    [
      'a young row that was moved',
      {
        present: [[101, 149]],
        archived: [
          [1, 100],
          [150, 150],
        ],
      },
      ['no-younger-row-touched', 'archive-exact'],
    ],
    [
      'an insert without its delete',
      {
        present: [
          [50, 50],
          [101, 150],
        ],
      },
      ['everything-due-gone'],
    ],
    ['a row twice in the archive', { duplicates: 1 }, ['archive-exact']],
    ['a row with another content', { altered: 1 }, ['archive-exact']],
  ])('catches %s', (_, changes, checks) => expect(found(changes)).toEqual(checks));

  const run: MaintenanceRun = { expectation, tables: [good], missingWhenKilled: 0, attempts: 2, failedTasks: [], vacuumedTables: 4 };
  const judge = (changes: Partial<MaintenanceRun>, ...events: readonly HistoryEvent[]) =>
    bad(judgeMaintenance(history(rows(9), ...events), { ...run, ...changes }).findings);
  test('passes as a whole', () => expect(judge({})).toEqual([]));
  test.each<[Partial<MaintenanceRun>, string]>([
    [{ missingWhenKilled: 3 }, 'resumed'],
    [{ missingWhenKilled: null }, 'resumed'],
    [{ attempts: 1 }, 'resumed'],
    [{ failedTasks: ['vacuum: refused'] }, 'tasks'],
    [{ vacuumedTables: 0 }, 'tasks'],
  ])('catches %j', (changes, check) => expect(judge(changes)).toEqual([check]));
  test('catches a failed request', () =>
    expect(judge({}, { t: 20, kind: 'write', client: 'a', id: 9, start: 19, outcome: 'unknown', error: 'lock timeout' })).toEqual(['no-failed-request']));
});

describe('exhausted connections', () => {
  const good: ExhaustedRun = {
    expectation,
    holders: [1, 2, 3],
    ended: [3, 2, 1],
    healthy: { before: 4, lost: 0 },
    alarmed: true,
    waiting: 3,
    commandSeconds: 1,
  };
  const judge = (changes: Partial<ExhaustedRun>) => bad(judgeExhausted(history(rows(3)), { ...good, ...changes }).findings);
  test('passes when exactly the long ones were ended', () => expect(judge({})).toEqual([]));
  test.each<[Partial<ExhaustedRun>, string]>([
    [{ ended: [1, 2] }, 'ended-exactly-the-long'],
    [{ ended: [1, 2, 3, 4] }, 'ended-exactly-the-long'],
    [{ holders: [], ended: [] }, 'ended-exactly-the-long'],
    [{ healthy: { before: 4, lost: 1 } }, 'healthy-sessions-live'],
    [{ alarmed: false }, 'noticed'],
    [{ waiting: 0 }, 'noticed'],
  ])('catches %j', (changes, check) => expect(judge(changes)).toEqual([check]));
});
