import {
  AUDIT_ENTRIES,
  blockedAt,
  CALM,
  parseAudit,
  parseBlocklist,
  parseSwitches,
  renderBlocklist,
  renderSwitches,
  withAddressBlocked,
  withAddressFree,
  withAudit,
  withUserBlocked,
  withUserFree,
} from '../../lib/services/switches';

const NOW = new Date('2026-11-22T12:00:00Z');
const LATER = '2026-11-22T13:00:00.000Z';
const EARLIER = '2026-11-22T11:00:00.000Z';
const mallory = { user: 'did:key:z6Mk', until: LATER, reason: 'floods', by: 'ann' };
const entry = { cidr: '198.51.100.0/24', until: LATER, reason: 'floods', by: 'ann' };

describe('switches.json', () => {
  test('is read as it was written', () =>
    expect(parseSwitches(renderSwitches({ ...CALM, blockedUsers: [mallory] }))).toEqual({ ...CALM, blockedUsers: [mallory] }));

  test.each([
    '',
    '{',
    '[]',
    '{"emergencyLimits":"yes","nonceUnchecked":null,"blockedUsers":[]}',
    '{"emergencyLimits":false,"nonceUnchecked":null,"blockedUsers":[{"user":1}]}',
  ])('that says %s is refused: a guess would overwrite it', (text) => expect(() => parseSwitches(text)).toThrow(/switches\.json/));

  test('blocks a user once, however often it is asked, by the newest word', () => {
    const twice = withUserBlocked(withUserBlocked(CALM, mallory, NOW), { ...mallory, reason: 'again' }, NOW);
    expect(twice.blockedUsers).toEqual([{ ...mallory, reason: 'again' }]);
  });

  test('forgets who was blocked until earlier, and whom somebody lets in again', () => {
    const past = { ...mallory, user: 'did:key:past', until: EARLIER };
    expect(blockedAt({ ...CALM, blockedUsers: [past, mallory] }, NOW)).toEqual([mallory]);
    expect(withUserFree({ ...CALM, blockedUsers: [past, mallory] }, mallory.user, NOW).blockedUsers).toEqual([]);
  });
});

describe('the audit', () => {
  const said = { at: NOW.toISOString(), by: 'ann', what: 'emergency on', reason: 'flood' };
  test('has every change, the newest last', () =>
    expect(parseAudit(withAudit(withAudit(undefined, said), { ...said, by: 'bob' })).map(({ by }) => by)).toEqual(['ann', 'bob']));
  test('keeps the newest entries', () => {
    const full = Array.from({ length: AUDIT_ENTRIES + 5 }).reduce<string | undefined>((text, _, i) => withAudit(text, { ...said, what: String(i) }), undefined);
    expect(parseAudit(full)).toHaveLength(AUDIT_ENTRIES);
    expect(parseAudit(full).at(-1)?.what).toBe(String(AUDIT_ENTRIES + 4));
  });
  test('that is not one is not thrown away', () => expect(() => withAudit('{"at":1}', said)).toThrow(/evidence/));
});

describe('blocklist.txt', () => {
  test('is read as it was written', () =>
    expect(parseBlocklist(renderBlocklist([entry, { ...entry, cidr: '2001:db8::/32', until: null }]))).toEqual([
      entry,
      { ...entry, cidr: '2001:db8::/32', until: null },
    ]));
  test('has one address per line, with its story behind a #', () => expect(renderBlocklist([entry])).toMatch(/^198\.51\.100\.0\/24 # \{"until":.*\}\n$/));
  test('keeps what people wrote by hand', () =>
    expect(parseBlocklist('# a comment\n203.0.113.7 # scraper\n\n192.0.2.0/24\n')).toEqual([
      { cidr: '203.0.113.7/32', until: null, reason: 'scraper', by: 'not said' },
      { cidr: '192.0.2.0/24', until: null, reason: 'not said', by: 'not said' },
    ]));
  test('with a line that is no address is refused', () => expect(() => parseBlocklist('attacker\n')).toThrow(/"attacker" is no address/));
  test('has an address once, and those no longer that have had their time', () => {
    const old = { ...entry, cidr: '192.0.2.1/32', until: EARLIER };
    expect(withAddressBlocked([old, { ...entry, reason: 'before' }], entry, NOW)).toEqual([entry]);
    expect(withAddressFree([old, entry], entry.cidr, NOW)).toEqual([]);
  });
});
