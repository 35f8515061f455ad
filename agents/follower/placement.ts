/**
 * Keeps etcd's leader off the primary's zone. etcd re-arms every lease in full when it elects a leader, so a node that takes both down
 * costs about three seconds more than one that takes the primary alone. Pure: decides on one transfer at a time.
 */

export interface EtcdMember {
  /** Decimal, as etcd's JSON gateway writes it: 64 bits don't fit a number. */
  readonly id: string;
  /** Empty while the member has been added but has not started yet. */
  readonly name: string;
  readonly learner: boolean;
}

export interface EtcdStatus {
  readonly endpoint: string;
  readonly memberId: string;
  /** '0' while the member knows no leader. */
  readonly leaderId: string;
  readonly appliedIndex: number;
  /** Alarms such as NOSPACE, or "no leader". */
  readonly errors: readonly string[];
}

export interface PlacementObservation {
  readonly now: number;
  /** The leader of PostgreSQL by a fresh linearizable reading, and since when this follower has seen it; undefined: none, or not known. */
  readonly primary: { readonly member: string; readonly since: number } | undefined;
  readonly syncStandby: string | undefined;
  readonly members: readonly EtcdMember[];
  /** Of the endpoints that answered. */
  readonly statuses: readonly EtcdStatus[];
  readonly lastAttemptAt: number | undefined;
}

export type Placement =
  | { readonly kind: 'hold'; readonly because: string }
  | { readonly kind: 'transfer'; readonly via: string; readonly target: EtcdMember; readonly because: string };

/** At most one attempt in so long: a transfer that fails will most likely fail again at once. */
export const ATTEMPT_PAUSE_MS = 5_000;
/**
 * A new primary is left alone for so long: its standbys are just joining and the synchronous one is being recorded, all through etcd, and a transfer,
 * short as it is, would stall them. The price is that a second fault within this time may cost the three seconds that the transfer saves.
 */
export const SETTLED_MS = 10_000;
/** raft stalls proposals while it waits for the target to catch up, so the target must be (almost) up to date. */
export const MAX_LAG_ENTRIES = 1_000;

const hold = (because: string): Placement => ({ kind: 'hold', because });

/** `pg-euc1-2` -> 2. Ordinals pair zones: `<name>-i` runs in the zone of `etcd-i`. */
export const ordinalOf = (name: string): number | undefined => {
  const digits = /-(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

const agreedLeader = (statuses: readonly EtcdStatus[]): string | undefined => {
  const leaders = new Set(statuses.map((s) => s.leaderId));
  const [only] = leaders;
  return leaders.size === 1 && only !== '0' ? only : undefined;
};

const candidates = (o: PlacementObservation, leader: EtcdStatus): readonly EtcdMember[] =>
  o.members.filter((m) => {
    const status = o.statuses.find((s) => s.memberId === m.id);
    const isHealthy = status?.errors.length === 0 && leader.appliedIndex - status.appliedIndex <= MAX_LAG_ENTRIES;
    return m.id !== leader.memberId && !m.learner && m.name !== '' && isHealthy;
  });

/**
 * The lowest ordinal, so that all followers choose the same target; away from the synchronous standby if possible: otherwise one fault would hold up writes
 * until Patroni has replaced the standby in etcd, and that would wait for etcd's election.
 */
const choose = (members: readonly EtcdMember[], syncStandby: string | undefined): EtcdMember | undefined => {
  const byOrdinal = [...members].sort((a, b) => (ordinalOf(a.name) ?? Infinity) - (ordinalOf(b.name) ?? Infinity));
  const avoided = syncStandby === undefined ? undefined : ordinalOf(syncStandby);
  return byOrdinal.find((m) => ordinalOf(m.name) !== avoided) ?? byOrdinal[0];
};

export const decidePlacement = (o: PlacementObservation): Placement => {
  if (!o.primary) return hold('no primary is known');
  if (o.now - o.primary.since < SETTLED_MS) return hold(`${o.primary.member} is primary for less than ${SETTLED_MS / 1000} s`);
  if (o.lastAttemptAt !== undefined && o.now - o.lastAttemptAt < ATTEMPT_PAUSE_MS) return hold('the last attempt was a moment ago');
  const leaderId = agreedLeader(o.statuses);
  if (leaderId === undefined) return hold("etcd's members do not agree on a leader");
  const name = o.members.find((m) => m.id === leaderId)?.name;
  const leader = o.statuses.find((s) => s.memberId === leaderId);
  if (name === undefined || !leader) return hold("etcd's leader does not answer");
  const ordinal = ordinalOf(o.primary.member);
  if (ordinal === undefined || ordinal !== ordinalOf(name)) return hold(`etcd's leader ${name} is away from the primary ${o.primary.member}`);
  const target = choose(candidates(o, leader), o.syncStandby);
  if (!target) return hold(`etcd's leader ${name} is beside the primary ${o.primary.member}, and no other member is fit to lead`);
  return { kind: 'transfer', via: leader.endpoint, target, because: `etcd's leader ${name} is in the zone of the primary ${o.primary.member}` };
};
