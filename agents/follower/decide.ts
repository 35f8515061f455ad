/**
 * Where PgBouncer should send its clients: a pure function of what was observed. It never acts, and it never guesses:
 * what is not known keeps the route that works.
 */

import type { OwnRole } from '../../lib/failover/region-role';
import type { MemberKey } from './region-members';

export interface Address {
  /** A numeric address: no name is resolved on the way to a new primary. */
  readonly host: string;
  readonly port: number;
}

/** Where PgBouncer sends its clients. A route exists only after its member answered `/primary` with 200. */
export interface Route extends Address {
  readonly member: string;
  /** etcd's cluster id and the leader key's mod_revision when the route was decided: older readings can't move it. */
  readonly clusterId: string;
  readonly modRevision: number;
}

export interface Leader {
  readonly member: string;
  readonly modRevision: number;
  /** From the member's key; undefined while that key is absent or unreadable. */
  readonly address: Address | undefined;
  /** The member's REST endpoint that answers 200 only on a running primary. */
  readonly primaryUrl: string | undefined;
}

/** One answer of etcd: the leader key and the leader's member key, read in one transaction. */
export interface Reading {
  /** When the request was sent, milliseconds of the monotonic clock: what it says was true then or later. */
  readonly at: number;
  /** False for a member's own, possibly old, view (read when no quorum answers). */
  readonly linearizable: boolean;
  readonly clusterId: string;
  /** undefined: the leader key does not exist. */
  readonly leader: Leader | undefined;
  /** The synchronous standby by Patroni's own record, if any. */
  readonly syncStandby: string | undefined;
  /** Patroni was asked for a switchover away from this member, now. undefined: no such wish, or it is for later. */
  readonly handover: string | undefined;
  /** What the region is; undefined: there is only one. */
  readonly role?: RoleReading | undefined;
  /** The region's members, as they have written themselves down. */
  readonly members?: readonly MemberKey[];
  /** The region's own leader, also where `leader` stands for another region. */
  readonly local?: Leader | undefined;
}

/** What a region is, as read from its own etcd. */
export interface RoleReading extends OwnRole {
  readonly modRevision: number;
  /** Patroni's dynamic configuration as it is. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What the member that PgBouncer is routed to said of itself. */
export interface RouteAnswer {
  readonly member: string;
  /** It takes writes. False: it said that it does not (it stops, starts, or is a standby by now). */
  readonly primary: boolean;
  readonly at: number;
}

/** What the candidate said of itself. */
export interface CandidateAnswer {
  readonly member: string;
  readonly modRevision: number;
  readonly primaryUrl: string;
  readonly primary: boolean;
  /** When it was asked, milliseconds of the monotonic clock. */
  readonly at: number;
}

/** Which server PgBouncer itself says it uses for the database. */
export type PoolerState = { readonly kind: 'unknown' } | { readonly kind: 'absent' } | ({ readonly kind: 'serving' } & Address);

export interface Observation {
  readonly now: number;
  /** The newest answer of etcd, however old. */
  readonly reading: Reading | undefined;
  /** Since when every reading has been older than the route (see `olderSince`). */
  readonly olderSince: number | undefined;
  readonly answer: CandidateAnswer | undefined;
  readonly route: Route | undefined;
  readonly pooler: PoolerState;
  /** REST endpoint of the route's member, as last read; undefined: never read. */
  readonly routeUrl: string | undefined;
  readonly routeAnswer: RouteAnswer | undefined;
  /** Whether clients are kept waiting in the pooler. */
  readonly paused: boolean;
}

export type Action =
  | { readonly kind: 'hold'; readonly because: string }
  /** Ask the candidate whether it is a running primary, then decide again. */
  | { readonly kind: 'probe'; readonly leader: Leader; readonly primaryUrl: string; readonly because: string }
  | { readonly kind: 'route'; readonly route: Route; readonly because: string }
  /** Ask the route's member whether it still takes writes, then decide again, after `paceMs` at the latest. */
  | { readonly kind: 'watch-route'; readonly member: string; readonly primaryUrl: string; readonly paceMs: number; readonly because: string }
  /** Keep clients waiting in the pooler: the server they would reach is no primary any more, and nobody else is yet. */
  | { readonly kind: 'pause'; readonly because: string }
  /** Let them go on where they were. */
  | { readonly kind: 'resume'; readonly because: string }
  /** The same server holds a newer key: nothing is touched, only the revision is remembered. */
  | { readonly kind: 'keep'; readonly route: Route; readonly because: string }
  /** The route is written, but PgBouncer does not use it (it was out of reach, or the follower died in between). */
  | { readonly kind: 'reload'; readonly route: Route; readonly because: string };

/** A leader lease lasts at least 20 s; a reading half as old still names the lease's holder or one that can't answer as a primary. */
export const MAX_READING_AGE_MS = 10_000;
/** An answer of `/primary` counts for so long. */
export const MAX_ANSWER_AGE_MS = 1_000;
/** When etcd has been silent for so long, the route's member is asked itself: cut off from the quorum, it may have become a standby, whose rows may be lost. */
export const SILENT_ETCD_MS = 2_000;
/** An answer of the route's member counts for so long. */
const MAX_ROUTE_ANSWER_AGE_MS = 400;
/** How often it is asked: often while it hands over, because clients see errors from its stop until the pause. */
const HANDOVER_PACE_MS = 20;
const SILENT_PACE_MS = 250;
/** etcd's history never goes back by itself. When it has looked older for so long, it was restored or recreated: believe it. */
export const REPLACED_HISTORY_MS = 10_000;

const hold = (because: string): Action => ({ kind: 'hold', because });
const text = (a: Address): string => `${a.host}:${a.port}`;
/** What stands for another region where a member's name would be. */
export const forwardName = (region: string): string => `region.${region}`;
export const isForward = (member: string): boolean => member.startsWith(forwardName(''));
export const sameAddress = (a: Address, b: Address): boolean => a.host === b.host && a.port === b.port;

const isOlder = (reading: Reading, route: Route | undefined): boolean =>
  reading.clusterId === route?.clusterId && reading.leader !== undefined && reading.leader.modRevision < route.modRevision;

/** Carries on the time since which all readings were older than the route; undefined as soon as one is not. */
export const olderSince = (since: number | undefined, reading: Reading, route: Route | undefined): number | undefined =>
  isOlder(reading, route) ? (since ?? reading.at) : undefined;

interface Claim {
  readonly usable: true;
  readonly leader: Leader & { address: Address; primaryUrl: string };
  readonly clusterId: string;
}
interface NoClaim {
  readonly usable: false;
  readonly because: string;
}
const noClaim = (because: string): NoClaim => ({ usable: false, because });

const claimOf = ({ now, reading, route, olderSince: since }: Observation): Claim | NoClaim => {
  if (!reading) return noClaim('etcd has not answered yet');
  if (now - reading.at > MAX_READING_AGE_MS) return noClaim('etcd does not answer: the route stays as it is');
  if (!reading.linearizable && route) return noClaim('only an unconfirmed reading without quorum: the route stays as it is');
  const { leader, clusterId } = reading;
  if (!leader) return noClaim('there is no leader key: clients wait in the pooler');
  if (isOlder(reading, route) && (since === undefined || now - since < REPLACED_HISTORY_MS)) {
    return noClaim(`the reading (revision ${leader.modRevision}) is older than the route (revision ${route?.modRevision ?? 0})`);
  }
  const { address, primaryUrl } = leader;
  if (!address || !primaryUrl) return noClaim(`the member key of ${leader.member} is absent or gives no numeric address`);
  return { usable: true, leader: { ...leader, address, primaryUrl }, clusterId };
};

const isConfirmed = ({ now, answer }: Observation, { leader }: Claim): boolean =>
  answer?.primary === true &&
  answer.member === leader.member &&
  answer.modRevision === leader.modRevision &&
  answer.primaryUrl === leader.primaryUrl &&
  now - answer.at <= MAX_ANSWER_AGE_MS;

const follow = (o: Observation, claim: Claim): Action => {
  const { member, modRevision, address, primaryUrl } = claim.leader;
  const route: Route = { member, host: address.host, port: address.port, clusterId: claim.clusterId, modRevision };
  if (o.route?.member === member && sameAddress(o.route, address)) {
    const known = o.route.modRevision === modRevision && o.route.clusterId === claim.clusterId;
    return known ? hold(`${member} is the leader and the route`) : { kind: 'keep', route, because: `${member} holds a newer leader key at the same address` };
  }
  if (!isConfirmed(o, claim))
    return { kind: 'probe', leader: claim.leader, primaryUrl, because: `${member} holds the leader key, and has not yet said that it is primary` };
  const from = o.route ? `${o.route.member} at ${text(o.route)}` : 'nowhere';
  return {
    kind: 'route',
    route,
    because: `${member} at ${text(address)} holds the leader key (revision ${modRevision}) and is primary; clients were sent to ${from}`,
  };
};

/** Why the route can't be relied on as it is, and how often to ask its member; undefined: it can. */
const doubt = ({ now, reading, route, paused }: Observation): { readonly because: string; readonly paceMs: number } | undefined => {
  if (!route) return undefined;
  if (reading?.handover === route.member) return { because: `${route.member} is asked to hand over`, paceMs: HANDOVER_PACE_MS };
  if (reading && now - reading.at > SILENT_ETCD_MS) return { because: 'etcd does not answer', paceMs: SILENT_PACE_MS };
  if (reading?.linearizable && !reading.leader) return { because: 'nobody holds the leader key', paceMs: SILENT_PACE_MS };
  return paused ? { because: 'clients wait', paceMs: isForward(route.member) ? SILENT_PACE_MS : HANDOVER_PACE_MS } : undefined;
};

/** Its own member will take no writes again until this region is promoted: there is nothing to ask it, and its Patroni has other things to do now. */
const stepBack = (o: Observation, route: Route, action: Action): Action =>
  o.paused ? action : { kind: 'pause', because: `${route.member} takes no writes: this region follows another one now` };

/**
 * The route stays. Where that is in doubt its member is asked, and clients wait in the pooler from the moment it says that it takes no writes: a server that stops
 * would answer them with errors, and one that has been demoted in isolation would show them rows that the cluster never had. A member that does not answer
 * proves nothing: clients stay.
 */
const stay = (o: Observation, action: Action): Action => {
  if (o.reading?.role?.follows === true && o.route && !isForward(o.route.member)) return stepBack(o, o.route, action);
  const because = doubt(o);
  if (!because || !o.route || !o.routeUrl) return action;
  const { member } = o.route;
  const answer = o.routeAnswer?.member === member && o.now - o.routeAnswer.at <= MAX_ROUTE_ANSWER_AGE_MS ? o.routeAnswer : undefined;
  if (answer?.primary === false && !o.paused) return { kind: 'pause', because: `${member} takes no writes, and ${because.because}` };
  if (answer?.primary === true && o.paused && o.reading?.handover !== member) return { kind: 'resume', because: `${member} takes writes` };
  return { kind: 'watch-route', member, primaryUrl: o.routeUrl, paceMs: because.paceMs, because: because.because };
};

const isUnused = (route: Route, pooler: PoolerState): boolean => pooler.kind === 'absent' || (pooler.kind === 'serving' && !sameAddress(pooler, route));

export const decide = (o: Observation): Action => {
  const claim = claimOf(o);
  const action = claim.usable ? follow(o, claim) : hold(claim.because);
  if (action.kind !== 'hold' || !o.route) return action;
  if (!isUnused(o.route, o.pooler)) return stay(o, action);
  const uses = o.pooler.kind === 'serving' ? text(o.pooler) : 'no server';
  return { kind: 'reload', route: o.route, because: `PgBouncer uses ${uses}, the route is ${o.route.member} at ${text(o.route)}` };
};

/**
 * Pause before the candidate is asked again: promotion takes a few tenths of a second, so it is asked often at first;
 * one that takes long (recovery, a rewind) is not flooded with TLS handshakes by every pooler.
 * @param askedForMs for how long this candidate has been asked
 */
export const probePauseMs = (askedForMs: number): number => (askedForMs < 5_000 ? 50 : 250);
