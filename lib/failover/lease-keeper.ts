/**
 * What the agent beside each PostgreSQL member decides about its region's right to take writes, and the arithmetic of it. Pure.
 *
 * Every deadline is on one clock (`CLOCK_BOOTTIME`, seconds since the machine's start, which goes on while it is suspended), and counts from before the question was sent:
 * whatever was granted was granted after that.
 */
import type { LeaseAnswer } from './lease';
import { claimsPrimary, type OwnRole } from './region-role';
import type { Vouch } from './vouch';

/** Seconds. */
export interface LeaseTimings {
  readonly duration: number;
  readonly margin: number;
}

/** Two clocks may differ by so much of the time that they measure: twenty times what Linux ever slews a clock by (500 ppm). */
export const DRIFT_BOUND = 0.01;

/**
 * The longest pause between a commit's last look at the deadline and its acknowledgement that the margin covers, with both clocks as wrong as they may be. Seconds.
 * The waiter's clock is fast, so that it waits for less; the holder's is slow, so that its deadline comes late.
 */
export const pauseBound = ({ duration, margin }: LeaseTimings, drift: number = DRIFT_BOUND): number =>
  (duration + margin) / (1 + drift) - duration / (1 - drift);

/** So long is waited, on the clock of whoever waits, after the store and the target have both confirmed that nobody renews any more. Seconds. */
export const waitOut = ({ duration, margin }: LeaseTimings): number => duration + margin;

/** @param sentAt before the question was sent, seconds on `CLOCK_BOOTTIME`. @returns until when commits are accepted, on the same clock */
export const deadlineFrom = (sentAt: number, { duration }: Pick<LeaseTimings, 'duration'>): number => sentAt + duration;

/** May a client's commit be accepted, and be acknowledged? No deadline: no. */
export const mayCommit = (deadline: number | undefined, now: number): boolean => deadline !== undefined && now < deadline;

/** What the region's own etcd says, and when it was asked. */
export interface RoleReading {
  readonly role: OwnRole;
  /** Confirmed by a majority of etcd's members, in this read. */
  readonly linearizable: boolean;
  /** When the read was begun, seconds on `CLOCK_BOOTTIME`. */
  readonly begunAt: number;
}

export type KeeperTask =
  /** Ask the store: this region is primary, by its own etcd's word. */
  | { readonly kind: 'renew'; readonly region: string; readonly epoch: number }
  /** This region does not take writes, or does not know whether it should: its deadline is left to pass. */
  | { readonly kind: 'idle'; readonly because: string };

/** @param maxAge an older reading is none, seconds */
export const keeperTask = (region: string, reading: RoleReading | undefined, now: number, maxAge: number): KeeperTask => {
  if (reading === undefined) return { kind: 'idle', because: `the etcd of ${region} has not answered` };
  if (!reading.linearizable || now - reading.begunAt > maxAge)
    return { kind: 'idle', because: `what is known of the etcd of ${region} is older than ${maxAge} s` };
  const { role } = reading;
  if (!claimsPrimary(role))
    return { kind: 'idle', because: role.initialized ? `${region} follows ${role.primary ?? 'another region'}` : `${region} has no cluster yet` };
  return { kind: 'renew', region, epoch: role.epoch };
};

export type KeeperDecision =
  /** The deadline is `deadlineFrom(sentAt)`. */
  | { readonly kind: 'extend'; readonly because: string }
  /** There is no lease yet: create it, then renew. */
  | { readonly kind: 'create'; readonly epoch: number; readonly because: string }
  /**
   * The lease is this region's in a later epoch than its etcd knows (a failover was given up): write that epoch to etcd first, by one compare-and-swap on the role that was
   * read; the next round renews with it. Whatever was sent in between, in the epochs in between, is refused from then on.
   */
  | { readonly kind: 'adopt'; readonly epoch: number; readonly because: string }
  /** The store did not answer: ask every other region whether it vouches. */
  | { readonly kind: 'ask-peers'; readonly because: string }
  | { readonly kind: 'let-pass'; readonly because: string };

/** @param answer of the renewal; undefined: none in time */
export const afterRenewal = (region: string, epoch: number, answer: LeaseAnswer | undefined): KeeperDecision => {
  if (answer === undefined) return { kind: 'ask-peers', because: 'the lease store does not answer' };
  if (answer.kind === 'granted') return { kind: 'extend', because: `renewed in epoch ${epoch}` };
  const { record, because } = answer;
  if (record === null) return { kind: 'create', epoch, because };
  if (record.holder === region && record.phase === 'held' && record.epoch > epoch) return { kind: 'adopt', epoch: record.epoch, because };
  return { kind: 'let-pass', because };
};

/**
 * The failsafe, as Patroni has one: nobody else takes writes, and nobody is about to, by the word of every other region.
 * @param vouches one for every other region of the environment; undefined: it gave no answer
 */
export const afterVouching = (vouches: readonly (Vouch | undefined)[]): KeeperDecision => {
  if (vouches.length === 0) return { kind: 'let-pass', because: 'there is no other region to ask' };
  const silent = vouches.filter((vouch) => vouch === undefined).length;
  if (silent > 0) return { kind: 'let-pass', because: `${silent} of ${vouches.length} other regions gave no answer` };
  const against = vouches.find((vouch) => vouch?.vouches === false);
  if (against !== undefined) return { kind: 'let-pass', because: against.because };
  return { kind: 'extend', because: `all ${vouches.length} other regions vouch` };
};
