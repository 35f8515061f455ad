import { buildProcedureRun, type ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, unknown } from '../../lib/drill/verdict';

const outcome = (change: Partial<ProcedureOutcome> = {}): ProcedureOutcome => ({
  measured: { gapSeconds: 1.23456, ackedLost: 0, readThenLost: 0, writablePrimaries: 1, falseFailovers: 0, healthyAgainSeconds: 4 },
  findings: [pass('objective', 'within')],
  notes: ['quiet machine'],
  extra: { restoredBytes: 1_000_000_007 },
  ...change,
});

describe('a run of a procedure', () => {
  test("has the contract's fields, rounded, and its own beside them", () => {
    expect(buildProcedureRun(7, outcome())).toMatchObject({
      seed: 7,
      verdict: 'pass',
      gapSeconds: 1.235,
      restoredBytes: 1_000_000_007,
      stages: { faultAt: 0 },
    });
  });

  test('is as bad as its worst check, and says which', () => {
    const run = buildProcedureRun(1, outcome({ findings: [pass('objective', 'within'), unknown('meter', 'silent'), fail('acked-lost', '3 rows')] }));
    expect(run.verdict).toBe('fail');
    expect(run.notes).toEqual(['unknown: meter: silent', 'fail: acked-lost: 3 rows', 'quiet machine']);
  });

  test('without any check can not be told', () => expect(buildProcedureRun(1, outcome({ findings: [] })).verdict).toBe('unknown'));

  test('never renames a field of the contract', () =>
    expect(() => buildProcedureRun(1, outcome({ extra: { gapSeconds: 0, verdict: 'pass' } }))).toThrow(/fields of the report are taken: gapSeconds, verdict/));
});
