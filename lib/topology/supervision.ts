/** How soon the supervisor inside the database container sees that Patroni no longer answers. */
import type { PatroniSupervision } from './types';

/** From the kill of a frozen Patroni until the new process has renewed the lease; measured < 1 s, doubled. */
export const PATRONI_RESTART_SECONDS = 2;

/** Seconds from the freeze until so many probes in a row have failed. A probe just before the freeze delays the first failing one by an interval. */
export const frozenPatroniNoticedWithin = (s: PatroniSupervision): { readonly lower: number; readonly upper: number } => {
  const failing = s.probeFailures * s.probeTimeout + (s.probeFailures - 1) * s.probeInterval;
  return { lower: failing, upper: s.probeInterval + failing };
};
