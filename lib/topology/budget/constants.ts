/**
 * What the budget counts on and nobody configures: constants of the programs, and times measured in the lab (docs/measurements). Seconds.
 * A measured upper bound leaves room for a loaded machine; it is what the configuration allows, not what a good day shows.
 */
export interface Span {
  readonly lower: number;
  readonly upper: number;
  readonly source: string;
}

export const span = (lower: number, upper: number, source: string): Span => ({ lower, upper, source });

export const CONSTANTS = {
  /** The renewal is sent by the HA loop, which pauses `loopWait` and then takes so long itself. */
  haLoopRound: span(0.05, 0.3, 'measured: one round of Patroni’s HA loop'),
  leaseExpiryCheck: span(0, 1, 'etcd constant: leases are checked every 0.5 s, then revoked through a round of Raft'),
  silentRestApi: span(0, 2, 'Patroni constant: the leader race waits 2 s for the REST API of a member that is silent'),
  leaderRace: span(0.05, 0.5, 'measured: members compare WAL positions, one takes the lock'),
  promotion: span(0.1, 0.7, 'measured: pg_promote until /primary answers 200'),
  standbyFollows: span(0, 0.5, 'measured: the standby streams from the new primary'),
  orderlyDemotion: span(0.1, 0.8, 'measured: checkpoint and fast shutdown of the old primary'),
  preStopHook: span(0, 0.1, 'measured: the preStop hook asks for the switchover'),
  routeSwitch: span(0.05, 0.3, 'measured: leader key seen, /primary asked, PgBouncer reloaded'),
  clientPause: span(0, 0.2, 'measured: the client’s own pause between two attempts'),
  undisturbed: span(0, 0.6, 'measured: no failover; a request that was under way is answered late'),
  failsafe: span(0, 1, 'measured: the primary asks every member over REST and keeps its role (failsafe mode)'),
  writeAheadLogRefused: span(0, 1, 'PostgreSQL: no space for the write-ahead log is a PANIC, at the latest with the next segment'),
  crashRecoveryRefused: span(0, 2, 'PostgreSQL: crash recovery fails for the same reason and the server ends'),
  standbyReconnects: span(0, 5, 'measured: a standby whose packets were dropped streams again; a connection attempt that hangs is given up first'),
  wake: span(0, 0.5, 'measured: a node that was stopped answers again'),
} as const satisfies Readonly<Record<string, Span>>;

/** How long the drill primary-node-frozen stops the node: less than any lease that Patroni accepts, so no failover follows. */
export const NODE_FREEZE_SECONDS = 9;

/** How long the drill partial-partition keeps the primary without any standby: in strict mode nothing is acknowledged meanwhile. */
export const WITHOUT_STANDBYS_SECONDS = 10;
