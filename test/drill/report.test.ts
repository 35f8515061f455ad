import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectationOf } from './support/synthetic';
import { judge } from '../../lib/drill/judge';
import { historyOf } from '../../lib/drill/history';
import {
  buildReport,
  buildRun,
  percentile,
  readReport,
  REPORT_JSON_SCHEMA,
  ReportError,
  summarize,
  type DrillReport,
  type ReportRun,
} from '../../lib/drill/report';
import { readTimeline } from '../../lib/drill/timeline';
import { nodeDies, partitioned, quorumLost, switchover } from './support/reports';
import { elementAt } from '../../lib/drill/element';
import { seeded, seeds } from './support/random';

const SCHEMA_FILE = join(__dirname, '../../docs/drill-report.schema.json');
const { report } = nodeDies(2);
const text = JSON.stringify(report, null, 2);
const problemsOf = (input: string): readonly string[] => {
  try {
    readReport(input);
  } catch (error) {
    if (error instanceof ReportError) return error.problems;
    throw error;
  }
  return [];
};
const changed = (change: (r: Record<string, unknown>) => void): string => {
  const copy = JSON.parse(text) as Record<string, unknown>;
  change(copy);
  return JSON.stringify(copy);
};

describe('a report', () => {
  test('has the fields of the contract', () => {
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining([
        'schema',
        'drill',
        'requirements',
        'environment',
        'mode',
        'startedAt',
        'command',
        'seed',
        'machine',
        'versions',
        'configurationHash',
        'objective',
        'budget',
        'runs',
        'summary',
      ]),
    );
    expect(Object.keys(report.runs[0] ?? {})).toEqual(
      expect.arrayContaining([
        'seed',
        'verdict',
        'gapSeconds',
        'ackedLost',
        'readThenLost',
        'writablePrimaries',
        'falseFailovers',
        'healthyAgainSeconds',
        'stages',
        'notes',
      ]),
    );
    expect(Object.keys(report.runs[0]?.stages ?? {})).toEqual(['faultAt', 'detected', 'lockTaken', 'promoted', 'routed', 'firstAck']);
    expect(Object.keys(report.summary)).toEqual(expect.arrayContaining(['runs', 'p50', 'p99', 'max', 'ackedLost', 'verdict']));
  });

  test.each([
    ['that passed', () => nodeDies(2).report, 'pass'],
    ['that lost rows', () => partitioned().report, 'fail'],
    ['of planned work', () => switchover().report, 'pass'],
    ["that can't be judged", () => quorumLost().report, 'unknown'],
  ] as const)('%s is read back as it was written', (_, make, verdict) => {
    const made: DrillReport = make();
    expect(readReport(JSON.stringify(made))).toEqual(JSON.parse(JSON.stringify(made)));
    expect(made.summary.verdict).toBe(verdict);
  });

  test('names the exact rows that were lost', () => {
    const lost = partitioned().report.runs[1];
    expect(lost).toMatchObject({ verdict: 'fail', ackedLost: 2, readThenLost: 2, lost: [{ client: 'eu-central-1b', count: 2, ids: [[481, 482]] }] });
    expect(lost?.notes.join('\n')).toContain('fail: acked-lost: 2 acknowledged writes missing');
  });

  test('of a run without a window has no figures, and is unknown', () => {
    const expectation = expectationOf();
    const run = buildRun({ seed: 1, judgement: judge(historyOf([]), expectation), expectation, notes: ['the lab was not healthy'] });
    expect(run).toMatchObject({ verdict: 'unknown', gapSeconds: null, ackedLost: null, writablePrimaries: null });
    expect(run.notes).toEqual(['unknown: window: no mark "faultAt": the fault was never injected', 'the lab was not healthy']);
    expect(readReport(JSON.stringify(buildReport({ ...report, runs: [run] }))).summary).toEqual({
      runs: 1,
      p50: null,
      p99: null,
      max: null,
      ackedLost: null,
      readThenLost: null,
      verdict: 'unknown',
    });
  });

  test('may carry further fields', () => {
    expect(problemsOf(changed((r) => (r['failedRequests'] = 3)))).toEqual([]);
  });

  test('has a published schema, the one that is used', () => {
    const used = JSON.parse(JSON.stringify(REPORT_JSON_SCHEMA)) as unknown;
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(SCHEMA_FILE, `${JSON.stringify(used, null, 2)}\n`);
    expect(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'))).toEqual(used);
  });
});

describe('a corrupt report is refused, with what is wrong and where', () => {
  const runAt = (r: Record<string, unknown>, i: number): Record<string, unknown> => elementAt(r['runs'] as Record<string, unknown>[], i);
  test.each([
    ['empty', '', ['the file is empty']],
    ['cut off', text.slice(0, 200), [/the file ends too early, at line \d+, column \d+/]],
    ['binary', '\u0000\u0001', ['not JSON: unexpected character U+0000 at line 1, column 1']],
    ['not JSON', '{\n  "schema": holdfast\n}', ['not JSON: unexpected "holdfast" at line 2, column 13']],
    ['no object', '[]', ['the report: must be object, got []']],
    [
      'of a later format',
      changed((r) => (r['schema'] = 'holdfast/drill-report/2')),
      ['its format is "holdfast/drill-report/2", this version of Holdfast reads "holdfast/drill-report/1"'],
    ],
    ['of something else', '{"name": "holdfast"}', [/^the report: "schema" is missing$/]],
    ['a field missing', changed((r) => delete r['budget']), ['the report: "budget" is missing']],
    ['a null budget', changed((r) => (r['budget'] = null)), ['/budget: must be object, got null']],
    ['a wrong type', changed((r) => (runAt(r, 1)['gapSeconds'] = '19.9')), ['/runs/1/gapSeconds: must be number,null, got "19.9"']],
    ['a negative count', changed((r) => (runAt(r, 0)['ackedLost'] = -1)), ['/runs/0/ackedLost: must be >= 0, got -1']],
    [
      'an unknown verdict',
      changed((r) => (runAt(r, 0)['verdict'] = 'ok')),
      [/^\/runs\/0\/verdict: must be equal to one of the allowed values \["pass","unknown","fail"\], got "ok"$/],
    ],
    ['a hash that is none', changed((r) => (r['configurationHash'] = 'abc')), [/^\/configurationHash: must match pattern/]],
    ['a summary that is too good', changed((r) => ((r['summary'] as Record<string, unknown>)['max'] = 1)), [/^\/summary\/max: is 1, but the runs give \d/]],
    [
      'a run that passes against its checks',
      changed((r) => (elementAt(runAt(r, 0)['checks'] as Record<string, unknown>[], 3)['verdict'] = 'fail')),
      ['/runs/0/verdict: is "pass", but its checks give "fail"'],
    ],
  ])('%s', (_, input, expected) => {
    const problems = problemsOf(input);
    for (const [i, e] of expected.entries()) expect(problems[i]).toEqual(typeof e === 'string' ? e : (expect.stringMatching(e) as string));
  });

  test('all problems at once, the first ten shown', () => {
    const problems = problemsOf(changed((r) => (r['runs'] = Array.from({ length: 12 }, () => ({ seed: 'x' })))));
    expect(problems.length).toBeGreaterThan(12);
    expect(new ReportError(problems).message.split('\n')).toHaveLength(12);
    expect(new ReportError(problems).message).toMatch(/and \d+ more$/);
  });
});

describe('the summary', () => {
  const run = (changes: Partial<ReportRun>): ReportRun => ({ ...elementAt(report.runs, 0), ...changes });

  test.each(seeds(20))('takes percentiles by the nearest rank: measured values, with the share below (seed %i)', (seed) => {
    const random = seeded(seed);
    const values = Array.from({ length: random.integer(1, 60) }, () => random.next());
    for (const share of [0.5, 0.99, 1]) {
      const p = percentile(values, share) ?? NaN;
      expect(values).toContain(p);
      expect(values.filter((v) => v <= p).length).toBeGreaterThanOrEqual(share * values.length);
      expect(values.filter((v) => v < p).length).toBeLessThan(share * values.length);
    }
  });

  test('gives the worst verdict, and no verdict without runs', () => {
    expect(summarize([run({ verdict: 'pass' }), run({ verdict: 'unknown' })]).verdict).toBe('unknown');
    expect(summarize([run({ verdict: 'fail' }), run({ verdict: 'unknown' })]).verdict).toBe('fail');
    expect(summarize([])).toEqual({ runs: 0, p50: null, p99: null, max: null, ackedLost: null, readThenLost: null, verdict: 'unknown' });
  });

  test('never turns "can not tell" into none', () => {
    expect(summarize([run({ ackedLost: 0 }), run({ ackedLost: null })]).ackedLost).toBeNull();
    expect(summarize([run({ ackedLost: 2 }), run({ ackedLost: null })]).ackedLost).toBe(2);
  });
});

describe('a timeline', () => {
  const [timeline] = nodeDies(1).timelines;

  test('is read back as it was written', () => {
    expect(readTimeline(JSON.stringify(timeline))).toEqual(timeline);
  });

  test('counts every acknowledgement of its frame once', () => {
    const acks = timeline?.clients.map((c) => c.acked.reduce((a, b) => a + b, 0));
    // 5 s before the fault and the time after the gap, at 50 writes per second.
    for (const n of acks ?? []) expect(n).toBeGreaterThan(800);
  });

  test('shows when each node led and accepted local commits', () => {
    const [old, next] = timeline?.nodes ?? [];
    expect(old?.writable).toHaveLength(1);
    expect(old?.writable[0]?.[1]).toBeCloseTo(0, 1);
    expect(next?.leads[0]?.[0]).toBeGreaterThan(17);
    expect(next?.writable[0]?.[0]).toBeGreaterThan(next?.leads[0]?.[0] ?? Infinity);
  });

  test.each([
    ['empty', '', /the file is empty/],
    ['a report', text, /the file must have required property 'from'/],
    ['upside down', JSON.stringify({ ...timeline, to: -10 }), /it ends \(-10\) before it begins/],
  ])('that is %s is refused', (_, content, message) => {
    expect(() => readTimeline(content)).toThrow(message);
  });
});
