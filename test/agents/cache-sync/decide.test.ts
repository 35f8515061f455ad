import { decide, roleOf, type Situation } from '../../../agents/cache-sync/decide';

const situation = (change: Partial<Situation> = {}): Situation => ({ role: 'follower', sourceHeartbeatAgeSeconds: 0.5, sourceStaleSeconds: 10, ...change });

describe('which way the cache flows', () => {
  test.each<[string, Partial<Situation>, string]>([
    ['a region that writes leads, whatever the other one shows', { role: 'writer', sourceHeartbeatAgeSeconds: 0 }, 'lead'],
    ['a region that follows pulls from a living writer', {}, 'pull'],
    ['a region that follows takes nothing from one without a heartbeat', { sourceHeartbeatAgeSeconds: null }, 'hold'],
    ['a region that follows takes nothing from one whose heartbeat stopped', { sourceHeartbeatAgeSeconds: 10.1 }, 'hold'],
    ['a region that does not know its role does nothing', { role: 'unknown', sourceHeartbeatAgeSeconds: 0 }, 'hold'],
  ])('%s', (_, change, kind) => expect(decide(situation(change)).kind).toBe(kind));

  test('two regions that both follow copy nothing in circles', () => {
    // Neither writes heartbeats, so both see the other's grow old.
    expect([decide(situation({ sourceHeartbeatAgeSeconds: 60 })), decide(situation({ sourceHeartbeatAgeSeconds: 61 }))].map((d) => d.kind)).toEqual([
      'hold',
      'hold',
    ]);
  });
});

describe("the role, from Patroni's dynamic configuration", () => {
  test.each([
    ['writer', { ttl: 20 }],
    ['writer', { ttl: 20, standby_cluster: null }],
    ['follower', { ttl: 20, standby_cluster: { host: 'leader.other' } }],
    ['unknown', {}],
    ['unknown', null],
    ['unknown', 'no answer'],
  ])('is %s for %j', (role, configuration) => expect(roleOf(configuration)).toBe(role));
});
