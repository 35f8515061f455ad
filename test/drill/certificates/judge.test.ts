import { judgeFailing, type FailingRun, type Told } from '../../../lib/drill/certificates/judge';
import { levelFor } from '../../../lib/operations/certificates/served';
import { minutes } from '../../../lib/topology/units';
import { worst } from '../../../lib/drill/verdict';

const thresholds = { warning: minutes(4), high: minutes(3), critical: minutes(2), emergency: minutes(1) };
const END = 1000;
/** A monitor that looks every five seconds at two gateways, and says what is so. */
const truthful = (lag = 0): readonly Told[] =>
  Array.from({ length: 90 }, (_, i) => 600 + i * 5).flatMap((t) =>
    ['a', 'b'].map((endpoint) => ({ t, endpoint, notAfter: END, level: levelFor(END - (t - lag), thresholds) })),
  );
const good: FailingRun = {
  thresholds,
  notAfter: END,
  told: truthful(),
  toleranceSeconds: 10,
  readyWhenExpired: true,
  healedAt: 1050,
  servedAt: 1100,
  objectiveSeconds: 300,
  budgetUpperSeconds: 275,
  accountsRegisteredAnew: 1,
  failures: 4,
};
const verdictOf = (changes: Partial<FailingRun>, check?: string): string => {
  const { findings } = judgeFailing({ ...good, ...changes });
  return check === undefined ? worst(findings.map((f) => f.verdict)) : (findings.find((f) => f.check === check)?.verdict ?? 'missing');
};

describe('a renewal that fails', () => {
  test('passes when everything was told in time, and a good one is served again', () => expect(verdictOf({})).toBe('pass'));
  test.each<[string, Partial<FailingRun>, string, string]>([
    ['a monitor that is late', { told: truthful(20) }, 'told-high', 'fail'],
    ['a monitor that never says critical', { told: truthful().map((s) => (s.level === 'critical' ? { ...s, level: 'high' } : s)) }, 'told-critical', 'fail'],
    ['one gateway of which nothing is told', { told: truthful().map((s) => (s.endpoint === 'b' ? { ...s, level: 'ok' } : s)) }, 'told-warning', 'fail'],
    ['a monitor that cries early', { told: truthful(-20) }, 'told-warning', 'fail'],
    [
      'a monitor that believes the object: expired and called ok',
      { told: truthful().map((s) => (s.level === 'invalid' ? { ...s, level: 'ok' } : s)) },
      'told-expired',
      'fail',
    ],
    ['a monitor that stopped before the end', { told: truthful().filter(({ t }) => t < END) }, 'told-expired', 'unknown'],
    ['nothing seen at all', { told: [] }, 'told-warning', 'unknown'],
    ['pods that were not ready: the trap was not there', { readyWhenExpired: false }, 'objects-say-ready', 'unknown'],
    ['no account registered anew', { accountsRegisteredAnew: 0 }, 'account-anew', 'fail'],
    ['a fault that did not strike', { failures: 0 }, 'renewal-failed', 'unknown'],
    ['no good certificate in the end', { servedAt: null }, 'served-again', 'fail'],
    ['one that comes later than the budget allows', { servedAt: 1050 + 276 }, 'served-again', 'fail'],
  ])('does not pass with %s', (_what, changes, check, verdict) => {
    expect(verdictOf(changes, check)).toBe(verdict);
    expect(verdictOf(changes)).not.toBe('pass');
  });
});
