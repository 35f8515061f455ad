import { historyOf, type HistoryEvent } from '../../../lib/drill/events';
import type { IntrusionEvent, LoginEvent } from '../../../lib/drill/secrets/events';
import { judgeCompromise, judgeRotation, type CompromiseSeen, type RotationExpectation, type RotationSeen } from '../../../lib/drill/secrets/judge';
import { worst, type Finding } from '../../../lib/drill/verdict';

const EXPECTED: RotationExpectation = { clients: ['a'], members: ['pg-0', 'pg-1'], objectiveSeconds: 5, budgetUpperSeconds: 2, healthyDeadlineSeconds: 60 };
const SECONDS = 20;
const FROM = 3;

const ticks = (every: number): readonly number[] => Array.from({ length: SECONDS / every }, (_, i) => i * every);
const writes = ticks(0.1).map((t, i): HistoryEvent => ({ t: t + 0.01, kind: 'write', client: 'a', id: i + 1, start: t, outcome: 'acked', node: 'pg-0' }));
const commits = ticks(0.05).map((t): HistoryEvent => ({ t: t + 0.01, kind: 'local-commit', node: 'pg-0', start: t, ok: true, inRecovery: false }));
const rows: HistoryEvent = { t: SECONDS + 1, kind: 'rows', client: 'a', present: [[1, writes.length]] };
const mark = (name: string, t: number): HistoryEvent => ({ t, kind: 'mark', name });
const marks = [mark('steady', 1), mark('faultAt', FROM), mark('end', SECONDS - 0.2)];
const login = (ok: boolean): LoginEvent => ({
  t: 8.1,
  kind: 'login',
  client: 'a',
  start: 8,
  user: 'app_alt',
  ok,
  ...(ok ? {} : { error: 'password authentication failed' }),
});

const seen = (changes: Partial<RotationSeen> & { readonly events?: readonly HistoryEvent[] } = {}): RotationSeen => ({
  history: historyOf(changes.events ?? [...writes, ...commits, rows, ...marks]),
  logins: [login(true)],
  healthyAgainSeconds: 0,
  timelines: { before: 1, after: 1 },
  ...changes,
});
const failing = (findings: readonly Finding[]): readonly string[] => findings.filter((f) => f.verdict === 'fail').map((f) => f.check);

test('a rotation that nobody noticed passes', () => {
  const { findings, failedRequests, requests, measured } = judgeRotation(seen(), EXPECTED);
  expect(findings.filter((f) => f.verdict !== 'pass')).toEqual([]);
  expect({ failedRequests, many: requests > 100, lost: measured.ackedLost, writable: measured.writablePrimaries }).toEqual({
    failedRequests: 0,
    many: true,
    lost: 0,
    writable: 1,
  });
});

test('one failed write among hundreds fails it', () => {
  const events = writes.map((w, i): HistoryEvent => (i === 100 && w.kind === 'write' ? { ...w, outcome: 'failed', error: 'server login failed' } : w));
  const { findings } = judgeRotation(
    seen({
      events: [
        ...events,
        ...commits,
        {
          ...rows,
          present: [
            [1, 100],
            [102, writes.length],
          ],
        },
        ...marks,
      ],
    }),
    EXPECTED,
  );
  expect(failing(findings)).toEqual(['no-failed-request']);
  expect(findings.find((f) => f.check === 'no-failed-request')?.detail).toMatch(/1 of \d+ requests failed, first a: write 101: server login failed/);
});

test('so does one failed read, and one failed login', () => {
  const read: HistoryEvent = { t: 9, kind: 'read', client: 'a', start: 8.9, ok: false, maxIdPerClient: {}, error: 'x' };
  expect(failing(judgeRotation(seen({ events: [...writes, ...commits, rows, ...marks, read] }), EXPECTED).findings)).toEqual(['no-failed-request']);
  expect(failing(judgeRotation(seen({ logins: [login(false), login(true)] }), EXPECTED).findings)).toEqual(['no-failed-request']);
});

test('a client that never moved to the new login proves nothing', () =>
  expect(failing(judgeRotation(seen({ logins: [] }), EXPECTED).findings)).toEqual(['clients-moved']));

test('a gap above the upper bound, a lost row and a failover fail', () => {
  const gap = writes.filter((w) => w.t < 8 || w.t > 11);
  expect(failing(judgeRotation(seen({ events: [...gap, ...commits, rows, ...marks] }), EXPECTED).findings)).toEqual(['budget']);
  const lost = {
    ...rows,
    present: [
      [1, 50],
      [60, writes.length],
    ],
  } as HistoryEvent;
  expect(failing(judgeRotation(seen({ events: [...writes, ...commits, lost, ...marks] }), EXPECTED).findings)).toContain('acked-lost');
  expect(failing(judgeRotation(seen({ timelines: { before: 1, after: 2 } }), EXPECTED).findings)).toEqual(['no-failover']);
});

test('a run whose end was not seen is unknown', () => {
  const { findings, measured } = judgeRotation(seen({ events: [...writes, ...marks.slice(0, 2)] }), EXPECTED);
  expect(worst(findings.map((f) => f.verdict))).toBe('unknown');
  expect(measured.gapSeconds).toBeNull();
});

const intrusion = (t: number, result: IntrusionEvent['result'], door = 'pg-0 as app'): IntrusionEvent => ({
  t,
  kind: 'intrusion',
  door,
  start: t - 0.01,
  result,
});
const compromise = (changes: Partial<CompromiseSeen> = {}): CompromiseSeen => ({
  askedAt: 10,
  endedAt: 20,
  intrusions: [intrusion(9, 'in'), intrusion(14, 'in'), intrusion(15, 'refused'), intrusion(21, 'refused')],
  keptSessionAlive: false,
  audited: { listed: 2, made: 2 },
  ...changes,
});
const verdicts = (changes: Partial<CompromiseSeen>): readonly string[] =>
  judgeCompromise(compromise(changes), 60)
    .findings.filter((f) => f.verdict !== 'pass')
    .map((f) => `${f.verdict} ${f.check}`);

test('old credentials that were good and are refused in time pass, and the time is measured', () => {
  expect(verdicts({})).toEqual([]);
  expect(judgeCompromise(compromise(), 60).lastIntrusionSeconds).toBe(4);
});

test.each<[string, Partial<CompromiseSeen>, readonly string[]]>([
  ['an old password that is still good', { intrusions: [intrusion(9, 'in'), intrusion(21, 'in'), intrusion(22, 'refused')] }, ['fail old-credentials-refused']],
  [
    'an attacker who was never let in',
    { intrusions: [intrusion(9, 'refused'), intrusion(21, 'refused')] },
    ['unknown old-credentials-were-good', 'unknown old-credentials-refused-in-time'],
  ],
  ['a door that gave no answer afterwards', { intrusions: [intrusion(9, 'in'), intrusion(21, 'no answer')] }, ['unknown old-credentials-refused']],
  ['nobody who tried', { intrusions: [] }, ['unknown old-credentials-were-good', 'unknown old-credentials-refused-in-time']],
  ['a session that was not ended', { keptSessionAlive: true }, ['fail old-sessions-ended']],
  ['an audit that misses a use', { audited: { listed: 1, made: 2 } }, ['fail audit']],
])('%s does not pass', (_what, changes, expected) => expect(verdicts(changes)).toEqual(expected));

test('old credentials that stay good for too long fail', () =>
  expect(
    judgeCompromise(compromise(), 3)
      .findings.filter((f) => f.verdict === 'fail')
      .map((f) => f.check),
  ).toEqual(['old-credentials-refused-in-time']));
