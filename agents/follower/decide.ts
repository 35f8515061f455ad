/**
 * Where PgBouncer should send its clients: a pure function of what was observed. It never acts, and it never guesses:
 * what is not known keeps the route that works.
 */

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
}

/** What the leader that is asked to hand over said of itself. */
export interface OutgoingAnswer {
  readonly member: string;
  /** It has begun to stop its PostgreSQL (or already has). */
  readonly stopping: boolean;
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
  readonly outgoing: OutgoingAnswer | undefined;
  /** Since when clients are kept waiting in the pooler for a planned handover; undefined: they are not. */
  readonly pausedSince: number | undefined;
}

export type Action =
  | { readonly kind: 'hold'; readonly because: string }
  /** Ask the candidate whether it is a running primary, then decide again. */
  | { readonly kind: 'probe'; readonly leader: Leader; readonly primaryUrl: string; readonly because: string }
  | { readonly kind: 'route'; readonly route: Route; readonly because: string }
  /** Ask the leader that is about to hand over whether it has begun to stop, then decide again. */
  | { readonly kind: 'watch-outgoing'; readonly leader: Leader; readonly primaryUrl: string; readonly because: string }
  /** Keep clients waiting in the pooler: the server they would reach is stopping as planned, and would answer them with errors. */
  | { readonly kind: 'pause'; readonly because: string }
  /** Let them go on although no route was changed. */
  | { readonly kind: 'resume'; readonly because: string }
  /** The same server holds a newer key: nothing is touched, only the revision is remembered. */
  | { readonly kind: 'keep'; readonly route: Route; readonly because: string }
  /** The route is written, but PgBouncer does not use it (it was out of reach, or the follower died in between). */
  | { readonly kind: 'reload'; readonly route: Route; readonly because: string };

/** A leader lease lasts at least 20 s; a reading half as old still names the lease's holder or one that can't answer as a primary. */
export const MAX_READING_AGE_MS = 10_000;
/** An answer of `/primary` counts for so long. */
export const MAX_ANSWER_AGE_MS = 1_000;
/** A handover takes about two seconds. Clients are not kept waiting for one that does not end: they get their errors then. */
export const MAX_PAUSE_MS = 8_000;
/** An answer of the outgoing leader counts for so long. */
const MAX_OUTGOING_AGE_MS = 500;
/** etcd's history never goes back by itself. When it has looked older for so long, it was restored or recreated: believe it. */
export const REPLACED_HISTORY_MS = 10_000;

const hold = (because: string): Action => ({ kind: 'hold', because });
const text = (a: Address): string => `${a.host}:${a.port}`;
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
    return known ? handOver(o, claim.leader) : { kind: 'keep', route, because: `${member} holds a newer leader key at the same address` };
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

/**
 * The route is the leader. While it hands over as planned, its clients wait in the pooler from the moment it stops, instead of being answered "the database
 * system is shutting down"; not earlier, because the checkpoint before the stop may take long, and the server serves meanwhile.
 */
const handOver = (o: Observation, leader: Claim['leader']): Action => {
  const { member } = leader;
  const isAsked = o.reading?.handover === member;
  const isStopping = o.outgoing?.member === member && o.outgoing.stopping && o.now - o.outgoing.at <= MAX_OUTGOING_AGE_MS;
  if (o.pausedSince === undefined) {
    if (!isAsked) return hold(`${member} is the leader and the route`);
    if (isStopping) return { kind: 'pause', because: `${member} stops for a planned handover` };
  } else if (!isAsked || o.now - o.pausedSince > MAX_PAUSE_MS) {
    return { kind: 'resume', because: isAsked ? `the handover of ${member} takes too long` : `${member} stays the leader` };
  }
  return { kind: 'watch-outgoing', leader, primaryUrl: leader.primaryUrl, because: `${member} is asked to hand over` };
};

const isUnused = (route: Route, pooler: PoolerState): boolean => pooler.kind === 'absent' || (pooler.kind === 'serving' && !sameAddress(pooler, route));

export const decide = (o: Observation): Action => {
  const claim = claimOf(o);
  const action = claim.usable ? follow(o, claim) : hold(claim.because);
  if (action.kind === 'hold' && o.pausedSince !== undefined && o.now - o.pausedSince > MAX_PAUSE_MS) {
    return { kind: 'resume', because: `nobody took over within ${MAX_PAUSE_MS / 1000} s` };
  }
  if (action.kind !== 'hold' || !o.route || !isUnused(o.route, o.pooler)) return action;
  const uses = o.pooler.kind === 'serving' ? text(o.pooler) : 'no server';
  return { kind: 'reload', route: o.route, because: `PgBouncer uses ${uses}, the route is ${o.route.member} at ${text(o.route)}` };
};

/**
 * Pause before the candidate is asked again: promotion takes a few tenths of a second, so it is asked often at first;
 * one that takes long (recovery, a rewind) is not flooded with TLS handshakes by every pooler.
 * @param askedForMs for how long this candidate has been asked
 */
export const probePauseMs = (askedForMs: number): number => (askedForMs < 5_000 ? 50 : 250);

/** The outgoing leader is asked often, because the time from its stop to the pause is the time in which clients see errors; a long checkpoint is waited out calmly. */
export const outgoingPauseMs = (askedForMs: number): number => (askedForMs < 3_000 ? 20 : 100);
