import {
  bestAnswer,
  localTarget,
  MAX_PEER_AGE_MS,
  seenByRouting,
  servingPeer,
  type LocalObservation,
  type PeerView,
} from '../../../agents/follower/region-view';
import { forwardName, type Leader, type Reading } from '../../../agents/follower/decide';
import type { RegionStatus } from '../../../lib/failover/region-role';
import { followerConfig } from '../../../lib/services/follower';
import { homeRegion } from '../../../lib/topology/derive';
import { environmentNamed } from '../../k8s/fixtures';

const environment = environmentNamed('lab-regions');
const { regions } = followerConfig(environment, homeRegion(environment));
if (regions === undefined) throw new Error('lab-regions has one region');

const status: RegionStatus = { region: 'us-east-1', initialized: true, follows: false, epoch: 2, primary: 'us-east-1', serving: true };
const view = (change: Partial<RegionStatus> = {}, at = 1000): PeerView => ({
  status: { ...status, ...change },
  gateway: '10.60.0.1',
  statusAddress: '10.60.0.2',
  at,
});
const views = (v: PeerView): ReadonlyMap<string, PeerView> => new Map([['us-east-1', v]]);
const leader: Leader = { member: 'pg-euc1-0', modRevision: 7, address: { host: '10.50.0.9', port: 5432 }, primaryUrl: 'https://10.50.0.9:8008/primary' };
const reading = (follows: boolean, modRevision = 20): Reading => ({
  at: 1000,
  linearizable: true,
  clusterId: '1',
  leader,
  syncStandby: 'pg-euc1-1',
  handover: undefined,
  role: { initialized: true, follows, epoch: 1, primary: 'us-east-1', modRevision, config: {} },
});

describe('the leader as the routing sees it', () => {
  test('in the primary region it is the own one, under the newer of both revisions', () =>
    expect(seenByRouting(reading(false), regions, new Map(), 1000).leader).toEqual({ ...leader, modRevision: 20 }));

  test('in a standby region it is the other region’s gateway, which is asked before it is used', () => {
    const seen = seenByRouting(reading(true), regions, views(view()), 1000);
    expect(seen.leader).toEqual({
      member: forwardName('us-east-1'),
      modRevision: 20,
      address: { host: '10.60.0.1', port: 6432 },
      primaryUrl: 'https://10.60.0.2:9443/primary',
    });
    expect(seen.local).toEqual(leader);
  });

  test.each<[string, PeerView]>([
    ['does not serve', view({ serving: false })],
    ['follows as well', view({ follows: true })],
    ['was last heard long ago', view({}, 1000 - MAX_PEER_AGE_MS - 1)],
  ])('nobody, when the other region %s: writes are never sent in a circle', (_, peer) =>
    expect(seenByRouting(reading(true), regions, views(peer), 1000).leader).toBeUndefined(),
  );

  test('of two that serve, the later epoch', () => {
    const both = new Map([
      ['a', view({ region: 'a', epoch: 2 })],
      ['b', view({ region: 'b', epoch: 3 })],
    ]);
    expect(servingPeer(both, 1000)?.status.region).toBe('b');
  });
});

describe('of what the followers of one region say at once', () => {
  test('the newest epoch counts, and in it whoever serves', () => {
    const [old, serving, waiting] = [view({ epoch: 1 }), view({ epoch: 2 }), view({ epoch: 2, serving: false })];
    expect(bestAnswer([old, waiting, serving])).toBe(serving);
    expect(bestAnswer([old, waiting])).toBe(waiting);
  });
  test('nothing is made of nothing', () => expect(bestAnswer([])).toBeUndefined());
});

describe('where local rows are read', () => {
  const local = { host: '10.50.0.9', port: 5432 };
  const route = { host: '10.60.0.1', port: 6432 };
  const target = (change: Partial<LocalObservation>): unknown =>
    localTarget({ local, follows: true, ageSeconds: 1, boundSeconds: 5, route, before: local, ...change });

  test('in the region itself while they are fresh, or it is the primary one', () => {
    expect(target({})).toBe(local);
    expect(target({ follows: false, ageSeconds: undefined })).toBe(local);
  });
  test('with the writes when they are too old, or nobody knows how old', () => {
    expect(target({ ageSeconds: 6 })).toBe(route);
    expect(target({ ageSeconds: undefined })).toBe(route);
  });
  test('they return well below the bound, not at it', () => {
    expect(target({ ageSeconds: 4, before: route })).toBe(route);
    expect(target({ ageSeconds: 2, before: route })).toBe(local);
  });
});
