/** What a follower makes of the other regions: pure. */
import { claimsPrimary, type RegionStatus } from '../../lib/failover/region-role';
import type { PeerConfig, RegionsConfig } from '../../lib/services/follower';
import { POOLER_PORT } from '../../lib/topology/derive';
import { forwardName, type Address, type Leader, type Reading } from './decide';

/** What was last heard of another region. */
export interface PeerView {
  readonly status: RegionStatus;
  /** Which of the region's addresses answered. */
  readonly gateway: string;
  readonly statusAddress: string;
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
}

/** A word that is older says nothing any more. */
export const MAX_PEER_AGE_MS = 5_000;

/** The region that takes writes, if any has said so lately; of two, the one with the higher epoch. */
export const servingPeer = (views: ReadonlyMap<string, PeerView>, now: number): PeerView | undefined =>
  [...views.values()]
    .filter(({ status, at }) => claimsPrimary(status) && status.serving && now - at <= MAX_PEER_AGE_MS)
    .sort((a, b) => b.status.epoch - a.status.epoch)[0];

/** Of what one region's followers say in the same moment: the highest epoch, and in it the one that serves. */
export const bestAnswer = (answers: readonly PeerView[]): PeerView | undefined =>
  [...answers].sort((a, b) => b.status.epoch - a.status.epoch || Number(b.status.serving) - Number(a.status.serving))[0];

/**
 * The reading as the routing should see it: in a region that follows another one, "the leader" is that region's gateway. Revisions rise with either key, so that
 * neither a new leader nor a new role looks old.
 */
export const seenByRouting = (reading: Reading, { statusPort }: RegionsConfig, views: ReadonlyMap<string, PeerView>, now: number): Reading => {
  const { role, leader } = reading;
  if (role === undefined) return reading;
  if (!role.follows) return { ...reading, local: leader, leader: leader && { ...leader, modRevision: Math.max(leader.modRevision, role.modRevision) } };
  const peer = servingPeer(views, now);
  return { ...reading, local: leader, handover: undefined, leader: peer && forwardTo(peer, role.modRevision, statusPort) };
};

const forwardTo = ({ status, gateway, statusAddress }: PeerView, modRevision: number, statusPort: number): Leader => ({
  member: forwardName(status.region),
  modRevision,
  address: { host: gateway, port: POOLER_PORT },
  primaryUrl: `https://${statusAddress}:${statusPort}/primary`,
});

/** The peer's address pairs, the one that answered last first. */
export const addressesInOrder = (peer: PeerConfig, view: PeerView | undefined): readonly (readonly [status: string, gateway: string])[] => {
  const pairs = peer.status.map((status, i) => [status, peer.gateways[i] ?? status] as const);
  return [...pairs].sort((a, b) => Number(b[0] === view?.statusAddress) - Number(a[0] === view?.statusAddress));
};

export interface LocalObservation {
  /** The region's own leader. */
  readonly local: Address | undefined;
  readonly follows: boolean;
  /** Age of the newest row that this region has, seconds; undefined: not known, which is not zero. */
  readonly ageSeconds: number | undefined;
  readonly boundSeconds: number;
  /** Where writes go. */
  readonly route: Address | undefined;
  /** Where local reads have been sent so far. */
  readonly before: Address | undefined;
}

const same = (a: Address | undefined, b: Address | undefined): boolean => a?.host === b?.host && a?.port === b?.port;

/** Where reads of the region's own rows go: to its own leader while that is fresh enough, with the writes otherwise. It returns well below the bound, not at it. */
export const localTarget = ({ local, follows, ageSeconds, boundSeconds, route, before }: LocalObservation): Address | undefined => {
  if (!follows) return local ?? before;
  const limit = same(before, local) ? boundSeconds : boundSeconds / 2;
  return local !== undefined && ageSeconds !== undefined && ageSeconds <= limit ? local : (route ?? before);
};
