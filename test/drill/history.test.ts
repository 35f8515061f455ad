import { HistoryError, parseHistory } from '../../lib/drill/history';
import { soundEvents } from './support/synthetic';

const WRITE = { t: 12.345, kind: 'write', client: 'eu-central-1a', id: 123, start: 12.34, outcome: 'acked' };
const line = (changes: object): string => JSON.stringify({ ...WRITE, ...changes });
const problemsOf = (lines: readonly string[]): HistoryError['problems'] => {
  try {
    parseHistory(lines);
  } catch (error) {
    if (error instanceof HistoryError) return error.problems;
    throw error;
  }
  return [];
};

describe('parseHistory', () => {
  test('reads every kind of event, sorts by time and keeps the order of equal times', () => {
    const events = [
      { t: 9, kind: 'integrity', ok: true, detail: 'sound' },
      { t: 8, kind: 'rows', client: 'a', present: [[1, 5]] },
      { t: 3, kind: 'mark', name: 'faultAt', detail: 'kill' },
      { t: 3, kind: 'mark', name: 'detected' },
      { t: 2, kind: 'role', member: 'pg-0', state: 'unreachable', role: null, timeline: null },
      { t: 2, kind: 'leader', member: null },
      { t: 1, kind: 'local-commit', node: 'pg-0', start: 0.9, ok: false, inRecovery: true, error: '' },
      { t: 1, kind: 'read', client: 'a', start: 0.5, maxIdPerClient: { a: 4 }, missing: { a: [1, [2, 3]] } },
      { t: 0, kind: 'heartbeat', probe: 'leader' },
      WRITE,
    ];
    const history = parseHistory(events.map((e) => JSON.stringify(e)));
    expect(history.events.map((e) => e.t)).toEqual([0, 1, 1, 2, 2, 3, 3, 8, 9, 12.345]);
    expect(history.marks.map((m) => m.name)).toEqual(['faultAt', 'detected']);
    expect(history.writes).toEqual([WRITE]);
    expect(history.heartbeats).toHaveLength(1);
  });

  test('reads back what a whole run wrote', () => {
    const events = soundEvents({ seed: 1 });
    const history = parseHistory(events.map((e) => JSON.stringify(e)));
    expect(history.events).toHaveLength(events.length);
  });

  test('ignores empty lines, and counts them', () => {
    expect(problemsOf(['', line({}), '  ', '{'])).toEqual([{ line: 4, message: expect.stringMatching(/not JSON from column 2 on/) as string }]);
  });

  test.each([
    ['a cut line', line({}).slice(0, 30), /not JSON from column \d+/],
    ['no object', '[1]', /must be an object, got \[1\]/],
    ['an unknown kind', line({ kind: 'wrote' }), /"kind" must be one of write \| read .*got "wrote"/],
    ['a missing field', line({ outcome: undefined }), /write: "outcome" must be one of acked \| failed \| unknown, got nothing/],
    ['a time that is a text', line({ t: '12' }), /"t" must be a time in seconds .*got "12"/],
    ['a negative time', line({ start: -1 }), /"start" must be a time/],
    ['an id of 0', line({ id: 0 }), /"id" must be an integer >= 1, got 0/],
    ['a start after the end', line({ start: 13 }), /it starts \(13\) after it ends \(12\.345\)/],
    ['a range upside down', JSON.stringify({ t: 1, kind: 'rows', client: 'a', present: [[5, 1]] }), /"present" must be a list of \[from, to\]/],
    ['a leader that is a number', JSON.stringify({ t: 1, kind: 'leader', member: 3 }), /"member" must be a text or null, got 3/],
  ])('names the line and the fault of %s', (_, corrupt, message) => {
    expect(problemsOf([line({}), corrupt])).toEqual([{ line: 2, message: expect.stringMatching(message) as string }]);
  });

  test('refuses a write that is acknowledged twice, naming both lines', () => {
    expect(problemsOf([line({}), line({ id: 124 }), line({ t: 13 })])).toEqual([
      { line: 3, message: 'write 123 of eu-central-1a is acknowledged a second time (first on line 1)' },
    ]);
  });

  test('accepts a write that failed and was acknowledged when it was tried again', () => {
    expect(problemsOf([line({ outcome: 'failed' }), line({ t: 13 })])).toEqual([]);
  });

  test('reports all corrupt lines at once, and shows the first ten', () => {
    const message = (() => {
      try {
        parseHistory(Array.from({ length: 13 }, () => 'x'));
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    })();
    expect(message).toMatch(/^the history has 13 corrupt lines:\n {2}line 1: /);
    expect(message.split('\n')).toHaveLength(12);
    expect(message).toMatch(/and 3 more$/);
  });
});
