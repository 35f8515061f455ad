import { blockContains, block, blocksOverlap, parseBlock } from '../../lib/topology/addresses';
import { EDGE_DEFAULTS } from '../../lib/topology/defaults-edge';
import { defineEnvironment } from '../../lib/topology/define';
import { cascade, divided, ownLimit, requestsPerWindow, userBackstop } from '../../lib/topology/edge-limits';
import { seconds } from '../../lib/topology/units';
import { aclProblems, capacityOf, edgeAcl, rateRulesOf, regionalAcl } from '../../lib/topology/web-acl';
import { environmentWith } from './fixtures';

const { limits } = EDGE_DEFAULTS;

describe('the cascade of CS-4', () => {
  test('counts 60,000 requests a minute and address at the edge, 6,000 behind it, and 600 for each user', () =>
    expect([limits.edge, limits.waf, userBackstop(EDGE_DEFAULTS)].map(requestsPerWindow)).toEqual([60_000, 6000, 600]));

  test('answers 403 first, then 429 with 60, 10 and 1 s to wait', () =>
    expect([limits.edge, limits.waf, limits.user, limits.endpoint].map(({ status, retryAfter }) => [status, retryAfter])).toEqual([
      [403, null],
      [429, 60],
      [429, 10],
      [429, 1],
    ]));

  test('is divided in an emergency, and whoever has less than one request a second is told to wait for a whole one', () => {
    expect(divided(limits.user, 4)).toMatchObject({ requestsPerSecond: 2.5, window: 1, retryAfter: 10 });
    expect(divided(limits.endpoint, 4)).toMatchObject({ requestsPerSecond: 0.25, window: 4, retryAfter: 4 });
  });

  test('keeps the wait of an endpoint of its own', () => expect(ownLimit(limits.endpoint, 0.2)).toMatchObject({ window: 5, retryAfter: 5 }));

  test('has no layers of AWS where there are no names for them', () => {
    const { edge, ...environment } = defineEnvironment(environmentWith({ edge: {} }));
    expect(edge === null ? [] : cascade(edge, environment).map(({ layer }) => layer)).toEqual(['gateway', 'user', 'endpoint']);
  });

  test('has all of them where there are, and says which are late', () => {
    const { edge, ...environment } = defineEnvironment(environmentWith({ edge: {}, dns: { zoneName: 'example.com', zoneId: 'Z1' } }));
    expect(edge === null ? [] : cascade(edge, environment).map(({ layer, lag }) => [layer, lag])).toEqual([
      ['edge', 30],
      ['waf', 30],
      ['waf, backstop', 30],
      ['gateway', 0],
      ['user', 0],
      ['endpoint', 0],
    ]);
  });
});

describe('the web ACLs', () => {
  test('cost what AWS says: 1231 units at the edge', () =>
    expect([capacityOf(edgeAcl(EDGE_DEFAULTS)), rateRulesOf(edgeAcl(EDGE_DEFAULTS))]).toEqual([1231, 1]));
  test('and little at the load balancers, one unit more of each rule while a secret changes', () => {
    expect([capacityOf(regionalAcl(EDGE_DEFAULTS)), rateRulesOf(regionalAcl(EDGE_DEFAULTS))]).toEqual([86, 3]);
    expect(capacityOf(regionalAcl({ ...EDGE_DEFAULTS, originSecret: 2 }))).toBe(94);
  });
  test('have no problems', () => expect([...aclProblems(edgeAcl(EDGE_DEFAULTS)), ...aclProblems(regionalAcl(EDGE_DEFAULTS))]).toEqual([]));
  test('are refused with too many units, too many rate rules, or two rules of one name', () => {
    const [first] = edgeAcl(EDGE_DEFAULTS).filter(({ kind }) => kind === 'rate');
    const many = first === undefined ? [] : Array.from({ length: 11 }, (_, i) => ({ ...first, name: `r${Math.min(i, 9)}`, capacity: 500 }));
    expect(aclProblems(many)).toEqual([expect.stringMatching(/5500 capacity units/), expect.stringMatching(/11 rate rules/), expect.stringMatching(/"r9"/)]);
  });
  test('wait for longer windows when the model says so', () => expect(requestsPerWindow({ ...limits.waf, window: seconds(300) })).toBe(30_000));
});

describe('blocks of addresses', () => {
  test.each([
    ['198.51.100.77/24', '198.51.100.0/24'],
    ['203.0.113.9', '203.0.113.9/32'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8:0:0:1:0:0:1/64', '2001:db8::/64'],
    ['::/0', '::/0'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3/128'],
    ['fe80:1:2:3:4:5:6:7/10', 'fe80::/10'],
  ])('%s is %s', (text, canonical) => expect(parseBlock(text)?.canonical).toBe(canonical));
  test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4/33', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::/129', 'g::', '1.2.3.4/', '12345::'])(
    '"%s" is none',
    (text) => expect(parseBlock(text)).toBeUndefined(),
  );
  test('of different families never overlap', () => expect(blocksOverlap(block('::/0'), block('1.2.3.4/32'))).toBe(false));
  test('contain one another or do not', () =>
    expect([blockContains(block('2001:db8::/32'), block('2001:db8:1::/48')), blockContains(block('10.0.0.0/8'), block('11.0.0.1'))]).toEqual([true, false]));
});
