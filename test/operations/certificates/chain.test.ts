import { certificatesIn, chainProblems, type ChainToVerify } from '../../../lib/operations/certificates/chain';
import { decideRenewal, type RenewalSight } from '../../../lib/operations/certificates/renewal';
import { certificateRows, judgeServed, levelFor, sorted, timeLeft } from '../../../lib/operations/certificates/served';
import { days, hours, minutes } from '../../../lib/topology/units';
import { issue } from './authority';

const DAY = 86_400_000;
const root = issue({ name: 'root', authority: true, days: 3650 });
const other = issue({ name: 'other root', authority: true, days: 3650 });
const intermediate = issue({ name: 'intermediate', authority: true, days: 1000 }, root);
const names = ['api.example.com', '*.eu.example.com'];
const good = issue({ name: 'api.example.com', names }, intermediate);
const chain = `${good.certificate}${intermediate.certificate}`;
const roots = certificatesIn(root.certificate);
const now = Date.now();
const verify = (changes: Partial<ChainToVerify> = {}): string => chainProblems({ chain, key: good.key, names, roots, now, ...changes }).join('; ');

describe('a chain is verified before it is installed', () => {
  test('a good one has no problems, with its root sent along or not', () => {
    expect(verify()).toBe('');
    expect(verify({ chain: `${chain}${root.certificate}` })).toBe('');
    expect(verify({ names: ['a.eu.example.com'] })).toBe('');
  });

  const expired = issue({ name: 'old', names, from: -10, days: 9 }, intermediate);
  const early = issue({ name: 'early', names, from: 1 }, intermediate);
  const alone = issue({ name: 'api.example.com', names });
  const forged = issue({ name: 'intermediate', authority: true }, other);
  const oldIntermediate = issue({ name: 'intermediate', authority: true, from: -10, days: 9 }, root);
  const byOld = issue({ name: 'api.example.com', names }, oldIntermediate);
  const noAuthority = issue({ name: 'leaf as authority', names: ['x.example.com'] }, root);
  const byLeaf = issue({ name: 'api.example.com', names }, noAuthority);

  test.each<[string, Partial<ChainToVerify>, RegExp]>([
    ['an expired certificate', { chain: `${expired.certificate}${intermediate.certificate}`, key: expired.key }, /has expired: it was good until 20/],
    ['one that is not good yet', { chain: `${early.certificate}${intermediate.certificate}`, key: early.key }, /not good yet/],
    ['one that signed itself', { chain: alone.certificate, key: alone.key }, /signed by itself/],
    ['somebody else’s key', { key: alone.key }, /the private key is not the certificate’s/],
    ['what is no key', { key: 'nothing' }, /can’t be read/],
    ['a missing intermediate', { chain: good.certificate }, /the chain ends at "CN=api\.example\.com"/],
    ['another root', { roots: certificatesIn(other.certificate) }, /none of the 1 trusted roots/],
    ['no roots', { roots: [] }, /none of the 0 trusted roots/],
    [
      'an intermediate of the same name, and not the same key',
      { chain: `${good.certificate}${forged.certificate}`, roots: certificatesIn(other.certificate) },
      /the chain ends/,
    ],
    [
      'an expired intermediate',
      { chain: `${byOld.certificate}${oldIntermediate.certificate}`, key: byOld.key },
      /the intermediate CN=intermediate has expired/,
    ],
    ['a signature by a server’s certificate', { chain: `${byLeaf.certificate}${noAuthority.certificate}`, key: byLeaf.key }, /the chain ends/],
    ['a name that is not on it', { names: ['api.example.com', 'shop.example.com'] }, /not good for shop\.example\.com, only for api\.example\.com/],
    ['a wildcard that covers two labels', { names: ['a.b.eu.example.com'] }, /not good for a\.b\.eu/],
    ['an authority’s certificate', { chain: intermediate.certificate, key: intermediate.key, names: [] }, /an authority’s certificate/],
    ['nothing', { chain: '' }, /no certificate in it/],
    ['a damaged one', { chain: chain.replace('\nMI', '\nAA') }, /can’t be read|chain ends/],
  ])('refuses %s', (_what, changes, says) => expect(verify(changes)).toMatch(says));
});

describe('a certificate is renewed', () => {
  const policy = { names, renewBefore: days(30), retryEvery: hours(1) };
  const installed = { chain, key: good.key };
  const decide = (sight: Partial<RenewalSight> = {}): string => {
    const { kind, because } = decideRenewal(policy, { installed, roots, now, failedAt: null, ...sight });
    return `${kind}: ${because}`;
  };

  test('not while it is good and not due', () => expect(decide()).toMatch(/^hold: it is good/));
  test('when there is none', () => expect(decide({ installed: null })).toMatch(/^renew: there is no certificate/));
  test('with less left than is asked for, and not before', () => {
    expect(decide({ now: now + 58.9 * DAY })).toMatch(/^hold/);
    expect(decide({ now: now + 59.1 * DAY })).toMatch(/^renew: 7\d\d\.\d h are left/);
  });
  test('when its root is trusted no more', () => expect(decide({ roots: certificatesIn(other.certificate) })).toMatch(/^renew: the chain ends/));
  test('when it has a name that nobody asks for any more', () =>
    expect(decideRenewal({ ...policy, names: ['api.example.com'] }, { installed, roots, now, failedAt: null }).because).toMatch(
      /\*\.eu\.example\.com, which is asked for no more/,
    ));
  test('when somebody asks for another one, once', () => {
    expect(decide({ installed: { ...installed, requestedAt: now, installedAt: now - 1000 } })).toMatch(/^renew: somebody asked/);
    expect(decide({ installed: { ...installed, requestedAt: now, installedAt: now + 1000 } })).toMatch(/^hold/);
  });
  test('after a failure not before its pause is over, however urgent', () => {
    expect(decide({ installed: null, failedAt: now - 3_599_000 })).toBe(
      'hold: the last try failed, the next one is in 1 s; due because there is no certificate yet',
    );
    expect(decide({ installed: null, failedAt: now - 3_600_000 })).toMatch(/^renew/);
  });
});

describe('what is served', () => {
  const thresholds = { warning: days(30), high: days(14), critical: days(7), emergency: days(1) };
  const at = (daysLater: number): ReturnType<typeof judgeServed> =>
    judgeServed({ endpoint: 'gateway-1:8443', component: 'gateway', names, chain }, { thresholds, roots, now: now + daysLater * DAY });

  test.each([
    [58, 'ok'],
    [60, 'warning'],
    [76, 'high'],
    [83, 'critical'],
    [88.5, 'emergency'],
    [89.1, 'invalid'],
  ])('after %d days is %s', (later, level) => expect(at(later).level).toBe(level));
  test('is below a threshold, not at it', () => {
    expect(levelFor(minutes(1440) + 1, thresholds)).toBe('critical');
    expect(levelFor(minutes(1440) - 1, thresholds)).toBe('emergency');
    expect(levelFor(0, thresholds)).toBe('invalid');
  });
  test('is refused by clients with another name, whatever its dates', () =>
    expect(judgeServed({ endpoint: 'e', component: 'c', names: ['shop.example.com'], chain }, { thresholds, roots, now })).toMatchObject({
      level: 'invalid',
      problems: [/not good for shop/].map(() => expect.stringMatching(/not good for shop/) as string),
    }));
  test('is unknown when nothing answers, which is not ok, and comes first', () => {
    const silent = judgeServed({ endpoint: 'silent', component: 'c', names, error: 'no answer within 4 s' }, { thresholds, roots, now });
    expect(silent).toMatchObject({ level: 'unknown', secondsLeft: null });
    expect(sorted([at(0), at(80), silent]).map((s) => s.level)).toEqual(['unknown', 'high', 'ok']);
    expect(certificateRows([at(80), silent]).map((row) => row[3])).toEqual(['level', 'unknown (SEV-3)', 'high (SEV-3)']);
  });
  test('is told in the unit that matters', () =>
    expect([2_592_000, 7200, 90, 59, -7200, null].map(timeLeft)).toEqual(['30.0 d', '2.0 h', '1.5 min', '59 s', '-2.0 h', '?']));
});
