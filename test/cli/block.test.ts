import { atEdge, atGateway, blockOf, type AddressRequest } from '../../bin/blocking/address';
import { Conflict, type ConfigMap, type ConfigMaps } from '../../bin/blocking/config-maps';
import { blockUser, freeUser, readSwitches, setEmergency, type Word } from '../../bin/blocking/in-cluster';
import { StaleToken, type IpSet, type IpSets, type Place } from '../../bin/blocking/ip-sets';
import { durationOf, userId } from '../../bin/commands/block';
import { EXIT } from '../../bin/exit';
import { parseAudit, parseBlocklist, parseSwitches } from '../../lib/services';
import { block } from '../../lib/topology/addresses';
import { defineEnvironment } from '../../lib/topology/define';
import { standbyWith, environmentWith, regionWith } from '../topology/fixtures';

const environment = defineEnvironment(
  environmentWith({ regions: [regionWith(), standbyWith()], edge: { blocklist: ['203.0.113.0/24'] }, dns: { zoneName: 'example.com', zoneId: 'Z1' } }),
);
const word: Word = { by: 'ann', reason: 'floods /orders', now: new Date('2026-11-22T12:00:00Z') };
const request = (changes: Partial<AddressRequest> = {}): AddressRequest => ({
  cidr: '198.51.100.0/24',
  until: null,
  remove: false,
  dryRun: false,
  json: false,
  word,
  ...changes,
});

let printed = '';
beforeEach(() => {
  printed = '';
  const keep = (text: string | Uint8Array): boolean => ((printed += String(text)), true);
  jest.spyOn(process.stdout, 'write').mockImplementation(keep);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep);
});
afterEach(() => jest.restoreAllMocks());

/** A cluster's ConfigMaps in memory; `rivals` changes are made by somebody else between a read and the write after it. */
const cluster = (rivals = 0): ConfigMaps & { readonly data: (name: string) => Readonly<Record<string, string>> } => {
  const maps = new Map<string, ConfigMap>(['switches', 'blocklist'].map((name) => [name, { version: '1', data: {} }]));
  let left = rivals;
  return {
    data: (name) => maps.get(name)?.data ?? {},
    read: (name) => Promise.resolve(maps.get(name) ?? null),
    write: (name, { version, data }) => {
      const there = maps.get(name);
      if (there === undefined) return Promise.reject(new Error('not there'));
      if (left > 0 || there.version !== version) {
        left -= 1;
        return Promise.reject(new Conflict('the object has been modified'));
      }
      maps.set(name, { version: `${Number(version) + 1}`, data: { ...there.data, ...data } });
      return Promise.resolve();
    },
  };
};

/** IP sets in memory, by region and scope. */
const waf = (options: { readonly stale?: number; readonly away?: string; readonly addresses?: readonly string[] } = {}) => {
  const sets = new Map<string, IpSet>();
  const writes: string[] = [];
  let stale = options.stale ?? 0;
  const key = ({ scope, region, name }: Place): string => `${scope} ${region} ${name}`;
  const read = (place: Place): Promise<IpSet> =>
    place.region === options.away && place.scope === 'REGIONAL'
      ? Promise.reject(new Error('no answer'))
      : Promise.resolve(sets.get(key(place)) ?? { id: '1', addresses: options.addresses ?? [], lockToken: '1' });
  const write = (place: Place, set: IpSet): Promise<void> => {
    if (stale > 0) {
      stale -= 1;
      return Promise.reject(new StaleToken('stale'));
    }
    writes.push(key(place));
    sets.set(key(place), { ...set, lockToken: `${Number(set.lockToken) + 1}` });
    return Promise.resolve();
  };
  return { sets: { read, write } satisfies IpSets, stored: sets, writes };
};

describe('an address in AWS', () => {
  test('is blocked at CloudFront and at each region’s load balancer', async () => {
    const { sets, stored } = waf();
    expect(await atEdge(environment, sets, request(), [])).toBe(EXIT.ok);
    expect([...stored].map(([place, { addresses }]) => [place, addresses])).toEqual([
      ['CLOUDFRONT us-east-1 holdfast-fixture-blocked-v4', ['198.51.100.0/24']],
      ['REGIONAL eu-central-1 holdfast-fixture-blocked-v4', ['198.51.100.0/24']],
      ['REGIONAL us-east-1 holdfast-fixture-blocked-v4', ['198.51.100.0/24']],
    ]);
  });

  test('goes into the sets of its own family', async () => {
    const { sets, stored } = waf();
    await atEdge(environment, sets, request({ cidr: '2001:db8::7' }), []);
    expect([...stored.keys()].every((place) => place.endsWith('-v6'))).toBe(true);
  });

  test('is written once, however often it is asked', async () => {
    const { sets, writes } = waf();
    await atEdge(environment, sets, request(), []);
    await atEdge(environment, sets, request(), []);
    expect(writes).toHaveLength(3);
    expect(printed).toMatch(/was so already/);
  });

  test('is let in again', async () => {
    const { sets, stored } = waf({ addresses: ['198.51.100.0/24', '192.0.2.1/32'] });
    await atEdge(environment, sets, request({ remove: true }), []);
    expect([...stored.values()].map(({ addresses }) => addresses)).toEqual([['192.0.2.1/32'], ['192.0.2.1/32'], ['192.0.2.1/32']]);
  });

  test('is only talked about on a dry run', async () => {
    const { sets, writes } = waf();
    expect(await atEdge(environment, sets, request({ dryRun: true }), [])).toBe(EXIT.ok);
    expect(writes).toEqual([]);
    expect(printed).toMatch(/would change/);
  });

  test('is written again from the newest when somebody else was faster', async () => {
    const { sets, writes } = waf({ stale: 2 });
    expect(await atEdge(environment, sets, request(), [])).toBe(EXIT.ok);
    expect(writes).toHaveLength(3);
  });

  test('is blocked elsewhere although a region does not answer, and that is said and fails', async () => {
    const { sets, writes } = waf({ away: 'eu-central-1' });
    expect(await atEdge(environment, sets, request(), [])).toBe(EXIT.failed);
    expect(writes).toHaveLength(2);
    expect(printed).toMatch(/eu-central-1.*failed: no answer/);
    expect(printed).toMatch(/1 of 3 places were not changed: run the same command again/);
  });

  test('is not blocked together with so many others that hardly anybody is left', async () => {
    const { sets, writes } = waf({ addresses: Array.from({ length: 16 }, (_, i) => `${60 + i}.0.0.0/8`) });
    await expect(atEdge(environment, sets, request({ cidr: '80.0.0.0/8' }), [])).rejects.toThrow(/at most 6.2 % together/);
    expect(writes).toEqual([]);
  });

  test('cannot be blocked for a time: AWS forgets nothing by itself', () =>
    expect(atEdge(environment, waf().sets, request({ until: '2026-11-22T13:00:00Z' }), [])).rejects.toThrow(/leave --for out/));

  test('is refused where there are no web ACLs', () =>
    expect(atEdge(defineEnvironment(environmentWith({ edge: {} })), waf().sets, request(), [])).rejects.toThrow(/has no web ACLs/));
});

describe('an address that must not be blocked', () => {
  test.each([
    ['0.0.0.0/0', /everybody/],
    ['0.0.0.0/1', /one 2th of everybody/],
    ['::/0', /everybody/],
    ['10.1.0.0/24', /private network of eu-central-1/],
    ['15.177.1.0/24', /health checkers/],
    ['nobody', /an IPv4 or IPv6 address or CIDR/],
  ])('%s is refused, with the fix', (cidr, says) => expect(() => blockOf(environment, cidr, false)).toThrow(says));

  test('may be one that only AWS knows to be ours', () =>
    expect(() => blockOf(environment, '52.0.0.7', false, [{ block: block('52.0.0.0/24'), whose: 'our NAT gateway' }])).toThrow(/our NAT gateway/));
  test('can always be let in again', () => expect(blockOf(environment, '10.1.0.0/24', true).canonical).toBe('10.1.0.0/24'));
});

describe('an address in a lab', () => {
  test('is blocked at the gateway, with who and why beside it and in the audit', async () => {
    const maps = cluster();
    expect(await atGateway(environment, maps, request({ until: '2026-11-22T13:00:00.000Z' }))).toBe(EXIT.ok);
    expect(parseBlocklist(maps.data('blocklist')['blocklist.txt'] ?? '')).toEqual([
      { cidr: '198.51.100.0/24', until: '2026-11-22T13:00:00.000Z', reason: 'floods /orders', by: 'ann' },
    ]);
    expect(parseAudit(maps.data('switches')['audit.json'])).toEqual([
      { at: '2026-11-22T12:00:00.000Z', by: 'ann', what: 'block address 198.51.100.0/24 until 2026-11-22T13:00:00.000Z', reason: 'floods /orders' },
    ]);
  });

  test('is let in again, and both are in the audit; asking twice changes nothing', async () => {
    const maps = cluster();
    await atGateway(environment, maps, request());
    await atGateway(environment, maps, request({ remove: true }));
    await atGateway(environment, maps, request({ remove: true }));
    expect(maps.data('blocklist')['blocklist.txt']).toBe('');
    expect(parseAudit(maps.data('switches')['audit.json']).map(({ what }) => what)).toEqual([
      'block address 198.51.100.0/24',
      'let address 198.51.100.0/24 in',
    ]);
  });
});

describe('a user', () => {
  test('is blocked in the applications until a time, and let in again', async () => {
    const maps = cluster();
    expect(await blockUser(maps, 'did:key:z6Mk', '2026-11-22T13:00:00.000Z', word)).toBe(true);
    expect(parseSwitches(maps.data('switches')['switches.json'] ?? '').blockedUsers).toEqual([
      { user: 'did:key:z6Mk', until: '2026-11-22T13:00:00.000Z', reason: 'floods /orders', by: 'ann' },
    ]);
    expect(await freeUser(maps, 'did:key:z6Mk', word)).toBe(true);
    expect(await freeUser(maps, 'did:key:z6Mk', word)).toBe(false);
  });
  test.each(['', 'a b', 'x"y', 'a\\b', 'é'.repeat(5)])('named %j is refused', (id) => expect(() => userId(id)).toThrow(/printable/));
});

describe('emergency limits', () => {
  test('are turned on once, with who and why in the audit', async () => {
    const maps = cluster();
    expect([await setEmergency(maps, true, word), await setEmergency(maps, true, word)]).toEqual([true, false]);
    const { switches, audit } = await readSwitches(maps);
    expect(switches.emergencyLimits).toBe(true);
    expect(parseAudit(audit)).toEqual([{ at: '2026-11-22T12:00:00.000Z', by: 'ann', what: 'emergency limits on', reason: 'floods /orders' }]);
  });
  test('are turned on although somebody else writes at the same time', async () => expect(await setEmergency(cluster(3), true, word)).toBe(true));
  test('are given up when somebody writes without end', () => expect(setEmergency(cluster(100), true, word)).rejects.toThrow(Conflict));
  test('are not turned over a file that nobody understands', async () => {
    const maps = cluster();
    await maps.write('switches', { version: '1', data: { 'switches.json': '{"emergencyLimits":1}' } });
    await expect(setEmergency(maps, true, word)).rejects.toThrow(/another shape/);
    expect(maps.data('switches')['switches.json']).toBe('{"emergencyLimits":1}');
  });
});

test.each([
  ['1s', 1000],
  ['30m', 1_800_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
])('--for %s is %i ms', (text, ms) => expect(durationOf(text)).toBe(ms));
test.each(['', '1', '0s', '1.5h', '-1h', '366d', 'h'])('--for %j is refused', (text) => expect(() => durationOf(text)).toThrow(/allowed: 1s to 365d/));
