/** The stages of an outage, each computed from what is configured. */
import type { Region } from '../types';
import { PATRONI_FLOORS } from '../patroni-floors';
import { stoppedPostgresNoticedWithin } from '../supervision';
import { CONSTANTS, NODE_FREEZE_SECONDS, WITHOUT_STANDBYS_SECONDS, type Span } from './constants';

/** One part of the time between two acknowledged writes. */
export interface Stage {
  readonly name: string;
  /** Seconds at least. */
  readonly lower: number;
  /** Seconds at most. */
  readonly upper: number;
  /** Where the figures come from: a path in the region, a constant of a program, or a measurement. */
  readonly source: string;
  /** Paths in the region that shorten this stage, the most effective first; empty: nothing configured does. */
  readonly settings: readonly string[];
  /** Seconds by which these settings can lower the upper bound at most; a setting that is at its floor saves nothing. */
  readonly savable: number;
}

const sum = (...spans: readonly Span[]): { readonly lower: number; readonly upper: number } => ({
  lower: spans.reduce((total, s) => total + s.lower, 0),
  upper: spans.reduce((total, s) => total + s.upper, 0),
});
const constant = (name: string, span: Span): Stage => ({ name, lower: span.lower, upper: span.upper, source: span.source, settings: [], savable: 0 });

/** The lease was renewed at most one pause and one round of the HA loop before the fault. */
export const leaseExpiry = ({ postgres: { patroni } }: Region): Stage => ({
  name: 'lease expiry',
  lower: Math.max(0, patroni.ttl - patroni.loopWait - CONSTANTS.haLoopRound.upper),
  upper: patroni.ttl + CONSTANTS.leaseExpiryCheck.upper,
  source: `postgres.patroni.ttl; ${CONSTANTS.leaseExpiryCheck.source}`,
  settings: ['postgres.patroni.ttl'],
  savable: patroni.ttl - PATRONI_FLOORS.ttl,
});

/** A new etcd leader re-arms every lease in full, plus an election timeout; the election itself is drawn from one to two election timeouts. */
export const leaseRearmed = ({ etcd }: Region, certain: boolean): Stage => ({
  name: 'etcd leader elected, lease re-armed',
  lower: certain ? etcd.electionTimeout : 0,
  upper: 3 * etcd.electionTimeout,
  source: 'etcd.electionTimeout; etcd constant: a new leader extends every lease to its full time and one election timeout',
  settings: certain ? ['etcd.electionTimeout'] : ['etcd.leaderAwayFromPrimary', 'etcd.electionTimeout'],
  savable: 3 * (certain ? Math.max(0, etcd.electionTimeout - 10 * etcd.heartbeat) : etcd.electionTimeout),
});

export const silentMember = (): Stage => constant('old primary’s REST API silent', CONSTANTS.silentRestApi);
export const leaderRace = (): Stage => constant('leader race', CONSTANTS.leaderRace);
export const promotion = (): Stage => constant('promotion', CONSTANTS.promotion);

/** Strict mode: the new primary acknowledges nothing before a round of its HA loop has named a standby that streams. */
export const synchronousStandby = ({ postgres }: Region): readonly Stage[] =>
  postgres.synchronousMode === 'strict'
    ? [
        {
          name: 'synchronous standby',
          lower: CONSTANTS.standbyFollows.lower,
          upper: postgres.patroni.loopWait + CONSTANTS.standbyFollows.upper,
          source: `postgres.patroni.loopWait; ${CONSTANTS.standbyFollows.source}`,
          settings: ['postgres.patroni.loopWait'],
          savable: postgres.patroni.loopWait - PATRONI_FLOORS.loopWait,
        },
      ]
    : [];

/** The followers watch the leader key; with a node gone, the watch may be on it, and then the next poll finds the change. */
export const routing = ({ follower }: Region, nodeGone: boolean): Stage => ({
  name: 'routing',
  lower: CONSTANTS.routeSwitch.lower,
  upper: CONSTANTS.routeSwitch.upper + (nodeGone ? follower.pollInterval : 0),
  source: nodeGone ? `follower.pollInterval; ${CONSTANTS.routeSwitch.source}` : CONSTANTS.routeSwitch.source,
  settings: nodeGone ? ['follower.pollInterval'] : [],
  savable: nodeGone ? follower.pollInterval : 0,
});

/** PgBouncer's next login, after one that hangs when the node is gone, and the client's own pause. */
export const clientRetry = ({ pooler }: Region, nodeGone: boolean): Stage => ({
  name: 'client retry',
  lower: CONSTANTS.clientPause.lower,
  upper: CONSTANTS.clientPause.upper + pooler.serverLoginRetry + (nodeGone ? pooler.serverConnectTimeout : 0),
  source: nodeGone ? 'pooler.serverConnectTimeout, pooler.serverLoginRetry' : 'pooler.serverLoginRetry',
  settings: nodeGone ? ['pooler.serverConnectTimeout', 'pooler.serverLoginRetry'] : ['pooler.serverLoginRetry'],
  savable: pooler.serverLoginRetry + (nodeGone ? pooler.serverConnectTimeout : 0),
});

/** Patroni sees in its next round that PostgreSQL has ended. */
export const crashNoticed = ({ postgres }: Region): Stage => ({
  name: 'detection',
  lower: 0,
  upper: postgres.patroni.loopWait + CONSTANTS.haLoopRound.upper,
  source: `postgres.patroni.loopWait; ${CONSTANTS.haLoopRound.source}`,
  settings: ['postgres.patroni.loopWait'],
  savable: postgres.patroni.loopWait - PATRONI_FLOORS.loopWait,
});

/** With a `primaryStartTimeout` the crashed primary is started where it is first. */
export const startedInPlace = ({ postgres: { patroni } }: Region): readonly Stage[] =>
  patroni.primaryStartTimeout > 0
    ? [
        {
          name: 'start of the crashed primary attempted',
          lower: 0,
          upper: patroni.primaryStartTimeout,
          source: 'postgres.patroni.primaryStartTimeout',
          settings: ['postgres.patroni.primaryStartTimeout'],
          savable: patroni.primaryStartTimeout,
        },
      ]
    : [];

/** The supervisor finds PostgreSQL stopped so often in a row that it ends it. */
export const stoppedNoticed = ({ postgres: { supervision } }: Region): Stage => ({
  name: 'detection by the supervisor',
  ...stoppedPostgresNoticedWithin(supervision),
  source: 'postgres.supervision: probeFailures x probeInterval',
  settings: ['postgres.supervision.probeFailures', 'postgres.supervision.probeInterval'],
  savable: stoppedPostgresNoticedWithin(supervision).upper,
});

export const orderlyDemotion = (): Stage => constant('orderly demotion', CONSTANTS.orderlyDemotion);
export const preStopHook = (): Stage => constant('preStop hook', CONSTANTS.preStopHook);
export const undisturbed = (): Stage => constant('writes go on', CONSTANTS.undisturbed);
export const failsafe = (): Stage => constant('failsafe', CONSTANTS.failsafe);

/** PANIC and a crash recovery that fails as well. */
export const diskFull = (): Stage => ({
  name: 'PostgreSQL ends',
  ...sum(CONSTANTS.writeAheadLogRefused, CONSTANTS.crashRecoveryRefused),
  source: `${CONSTANTS.writeAheadLogRefused.source}; ${CONSTANTS.crashRecoveryRefused.source}`,
  settings: [],
  savable: 0,
});

export const nodeFrozen = (): Stage => ({
  name: 'node stopped',
  lower: NODE_FREEZE_SECONDS,
  upper: NODE_FREEZE_SECONDS + CONSTANTS.wake.upper,
  source: `the drill: ${NODE_FREEZE_SECONDS} s, less than the lease; ${CONSTANTS.wake.source}`,
  settings: [],
  savable: 0,
});

/** In strict mode nothing is acknowledged while the primary has no standby at all; otherwise commits don't wait. */
export const standbysAway = ({ postgres }: Region): readonly Stage[] =>
  postgres.synchronousMode === 'strict'
    ? [
        {
          name: 'no standby in reach',
          lower: WITHOUT_STANDBYS_SECONDS,
          upper: WITHOUT_STANDBYS_SECONDS + CONSTANTS.standbyReconnects.upper,
          source: `the drill: ${WITHOUT_STANDBYS_SECONDS} s; ${CONSTANTS.standbyReconnects.source}`,
          settings: [],
          savable: 0,
        },
      ]
    : [];
