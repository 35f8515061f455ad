/** May a PostgreSQL member of this region start as what its own etcd says? Pure. */
import { claimsPrimary, type OwnRole, type RegionStatus } from './region-role';

export interface GuardObservation {
  readonly self: string;
  readonly own: OwnRole;
  /** This member has a database from an earlier life. */
  readonly hasData: boolean;
  /** Another member of this region is a running primary, by its own word. */
  readonly primaryAlive: boolean;
  /** One for every other region; undefined: it gave no answer. */
  readonly peers: readonly (RegionStatus | undefined)[];
}

export type GuardDecision =
  | { readonly kind: 'start'; readonly because: string }
  /** Somebody else became primary while this region was away: become its standby first. */
  | { readonly kind: 'follow'; readonly primary: string; readonly epoch: number; readonly because: string }
  /** Not known: a second primary is worse than a late one. */
  | { readonly kind: 'wait'; readonly because: string };

/**
 * A region that was lost returns with the configuration of a primary, although another one has been promoted since: started as it is, there would be two. So a
 * member whose region believes to be the primary one starts only when every other region has been heard, or when its own primary runs.
 */
export const mayStart = ({ self, own, hasData, primaryAlive, peers }: GuardObservation): GuardDecision => {
  if (own.follows) return { kind: 'start', because: `${self} follows ${own.primary ?? 'another region'}` };
  const newer = newestPrimary(peers, own);
  if (newer) {
    return {
      kind: 'follow',
      primary: newer.region,
      epoch: newer.epoch,
      because: `${newer.region} is primary since epoch ${newer.epoch}, ${self} knows epoch ${own.epoch}`,
    };
  }
  const silent = peers.filter((peer) => peer === undefined).length;
  if (silent === 0) return { kind: 'start', because: 'no other region is primary' };
  if (primaryAlive) return { kind: 'start', because: `the primary of ${self} runs` };
  if (!own.initialized && !hasData) return { kind: 'start', because: 'a new cluster, without any data' };
  return { kind: 'wait', because: `${silent} of ${peers.length} other regions gave no answer, and one of them may have been promoted while ${self} was away` };
};

/** Of the regions that say they are primary, the one with the highest epoch, if that is beyond what this region knows. */
export const newestPrimary = (peers: readonly (RegionStatus | undefined)[], own: OwnRole): RegionStatus | undefined =>
  peers
    .filter((peer) => peer !== undefined)
    .filter((peer) => claimsPrimary(peer) && peer.epoch > own.epoch)
    .sort((a, b) => b.epoch - a.epoch)[0];
