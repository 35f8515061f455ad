import { judgeClocks, type ClockAnswer, type ClockHistory } from '../../../lib/drill/workloads/clocks';
import { clockAlerts } from '../../../lib/services/certificate-alerts';
import { holdsAt } from '../../../lib/services/alert-evaluation';
import { renderMetrics } from '../../../agents/clock-monitor/metrics';
import { judgeClock } from '../../../lib/operations/clocks';
import { environmentNamed } from '../../k8s/fixtures';

const answer = (expected: number, status: number | null = expected, seconds = 0.7, within: number | null = null): ClockAnswer => ({
  what: `asked for ${expected}`,
  expected,
  status,
  seconds,
  within,
});
const GOOD: ClockHistory = {
  tolerated: [answer(201, 201, 0.7, 1.4)],
  wrong: [answer(410), answer(201), answer(401)],
  healed: [answer(201)],
  alert: { firedForOne: false, firedSeconds: 14, resolvedSeconds: 4, offsetSeconds: 2.51 },
};
const EXPECTED = { fireWithinSeconds: 21, resolveWithinSeconds: 11, turnedSeconds: 2.5 };
const verdicts = (history: Partial<ClockHistory>): Record<string, string> =>
  Object.fromEntries(judgeClocks({ ...GOOD, ...history }, EXPECTED).flatMap(({ check, verdict }) => (verdict === 'pass' ? [] : [[check, verdict] as const])));

test('a pod that refuses and takes as documented, and an alert that fires in time, pass', () => expect(verdicts({})).toEqual({}));

describe('a planted fault is found:', () => {
  test.each<[string, Partial<ClockHistory>, Record<string, string>]>([
    ['an expired challenge that was taken', { wrong: [answer(410, 201)] }, { 'clock-wrong': 'fail' }],
    ['a signature of another time that was taken', { wrong: [answer(410), answer(401, 404)] }, { 'clock-wrong': 'fail' }],
    ['no answer', { wrong: [answer(410, null)] }, { 'clock-wrong': 'fail' }],
    ['no tolerance', { tolerated: [answer(201, 410, 0.7, 1.4)] }, { 'clock-tolerated': 'fail' }],
    ['a machine too busy to tell the tolerance', { tolerated: [answer(201, 410, 1.6, 1.4)] }, { 'clock-tolerated': 'unknown' }],
    ['nothing was asked', { wrong: [] }, { 'clock-wrong': 'unknown' }],
    ['a pod that stays wrong', { healed: [answer(201, 410)] }, { 'clock-healed': 'fail' }],
    ['an alarm for one server', { alert: { ...GOOD.alert, firedForOne: true } }, { 'one-server-outvoted': 'fail' }],
    ['no alarm', { alert: { ...GOOD.alert, firedSeconds: null } }, { 'clock-alert': 'fail' }],
    ['a late alarm', { alert: { ...GOOD.alert, firedSeconds: 22 } }, { 'clock-alert': 'fail' }],
    ['an alarm that stays', { alert: { ...GOOD.alert, resolvedSeconds: null } }, { 'clock-alert-over': 'fail' }],
    ['an offset that was not measured', { alert: { ...GOOD.alert, offsetSeconds: 0 } }, { 'clock-measured': 'fail' }],
  ])('%s', (_name, history, expected) => expect(verdicts(history)).toEqual(expected));
});

describe('the deployed alert on clocks', () => {
  const [off, unknownClock] = clockAlerts(environmentNamed('lab-workloads')).map(({ expression }) => expression);
  const served = (...offsets: readonly (number | null)[]): string => {
    const samples = offsets.map((o, i) => (o === null ? { source: `s${i}`, error: 'silent' } : { source: `s${i}`, offsetSeconds: o, delaySeconds: 0.01 }));
    return renderMetrics({ samples, verdict: judgeClock(samples, 1), measuredAt: 1 }, 'node-a');
  };

  test.each([
    ['all agree', [0.1, 0.1, 0.1], [false, false]],
    ['a clock that is behind', [2.5, 2.5, 2.4], [true, false]],
    ['a clock that is ahead', [-2.5, -2.5, -2.4], [true, false]],
    ['one server that is wrong', [2.5, 0, 0], [false, false]],
    ['exactly what is allowed', [1, 1, 1], [false, false]],
    ['two servers that are silent', [2.5, null, null], [false, true]],
  ] as const)('%s', (_name, offsets, [isOff, isUnknown]) => {
    expect(holdsAt(off ?? '', [served(...offsets)])).toEqual([isOff]);
    expect(holdsAt(unknownClock ?? '', [served(...offsets)])).toEqual([isUnknown]);
  });

  test.each(['up == 1 and on() x', 'rate(x[5m]) > 1', 'sum(x) > 1', 'x{a="b"} > 1', 'x', '1 > x'])('%s is not for a drill to judge', (expression) =>
    expect(() => holdsAt(expression, ['x 2'])).toThrow(/allowed: <metric>/),
  );
});
