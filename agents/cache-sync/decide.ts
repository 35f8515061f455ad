/** Which way the cache flows, decided without side effects. */

/** What this region is to the database: the writer's region, one that follows another, or not known. */
export type Role = 'writer' | 'follower' | 'unknown';

export interface Situation {
  readonly role: Role;
  /** Age of the newest heartbeat that the other region's cache holds; null: it does not answer, or has none. */
  readonly sourceHeartbeatAgeSeconds: number | null;
  readonly sourceStaleSeconds: number;
}

export type Decision =
  /** This region writes: it tells the time in its own cache, and takes nothing from elsewhere. */
  | { readonly kind: 'lead'; readonly because: string }
  /** The other region writes: its changes are copied here. */
  | { readonly kind: 'pull'; readonly because: string }
  /** Nothing is copied either way. */
  | { readonly kind: 'hold'; readonly because: string };

/**
 * Two regions that both believe to follow the other (between fence and promotion) would copy each other's copies for ever: so nothing is pulled from a region whose
 * writer shows no sign of life.
 */
export const decide = ({ role, sourceHeartbeatAgeSeconds: age, sourceStaleSeconds }: Situation): Decision => {
  if (role === 'unknown') return { kind: 'hold', because: 'no member of the database says which region writes' };
  if (role === 'writer') return { kind: 'lead', because: 'this region writes' };
  if (age === null) return { kind: 'hold', because: "the other region's cache shows no heartbeat" };
  if (age > sourceStaleSeconds) return { kind: 'hold', because: `the other region's heartbeat stopped more than ${sourceStaleSeconds} s ago` };
  return { kind: 'pull', because: 'the other region writes' };
};

/** @param configuration Patroni's dynamic configuration, as its REST API gives it */
export const roleOf = (configuration: unknown): Role => {
  if (typeof configuration !== 'object' || configuration === null || !('ttl' in configuration)) return 'unknown';
  const standby = 'standby_cluster' in configuration ? configuration.standby_cluster : undefined;
  return standby === undefined || standby === null ? 'writer' : 'follower';
};
