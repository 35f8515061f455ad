/** How soon the supervisor inside the database container sees that Patroni no longer answers, or that PostgreSQL is stopped. */
import type { PatroniSupervision } from './types';

/** From the kill of a frozen Patroni until the new process has renewed the lease; measured < 1 s, doubled. */
export const PATRONI_RESTART_SECONDS = 2;

/** Seconds from the freeze until so many probes in a row have failed. A probe just before the freeze delays the first failing one by an interval. */
export const frozenPatroniNoticedWithin = (s: PatroniSupervision): { readonly lower: number; readonly upper: number } => {
  const failing = s.probeFailures * s.probeTimeout + (s.probeFailures - 1) * s.probeInterval;
  return { lower: failing, upper: s.probeInterval + failing };
};

/**
 * Seconds from the moment PostgreSQL is stopped until the supervisor ends it: so many looks at the process in a row found it stopped.
 * It counts looks, not seconds, because a node that was frozen as a whole wakes up with everything on it.
 */
export const stoppedPostgresNoticedWithin = (s: PatroniSupervision): { readonly lower: number; readonly upper: number } => ({
  lower: (s.probeFailures - 1) * s.probeInterval,
  upper: s.probeFailures * s.probeInterval,
});
