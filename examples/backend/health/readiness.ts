import type { Need } from '../config';

/** What a pod knows when it is asked whether it wants requests. */
export interface Situation {
  readonly draining: boolean;
  /** A drill's fault. */
  readonly unready: boolean;
  readonly needs: readonly Need[];
  /** The parts that this service is configured with and that can't be reached. */
  readonly lost: readonly Need[];
  /** For how long the database has been lost, in milliseconds; 0: it is not. */
  readonly databaseLostMs: number;
  /** Another pod has reached the database since this one lost it. */
  readonly aPeerHasDatabase: boolean;
}

export type Readiness = { readonly ready: true; readonly degraded: readonly Need[] } | { readonly ready: false; readonly because: string };

/** A connection that breaks and is made again is not a partition. */
export const PARTITION_AFTER_MS = 2000;

/**
 * Ready means: sending requests here is at least as good as sending them elsewhere. So a pod that alone has lost the database leaves, and one that has lost it like
 * all others stays and does what it can without: were they all to leave, nobody would be left to say 503 with Retry-After, or to take events.
 */
export const readiness = (situation: Situation): Readiness => {
  const { draining, unready, needs, lost, databaseLostMs, aPeerHasDatabase } = situation;
  if (draining) return { ready: false, because: 'draining: this pod is being stopped' };
  if (unready) return { ready: false, because: 'a fault that a drill asked for' };
  const missing = needs.filter((need) => lost.includes(need));
  if (missing.length > 0) return { ready: false, because: `READY_NEEDS names ${missing.join(', ')}, which can't be reached` };
  if (lost.length === 2) return { ready: false, because: 'neither the database nor the cache can be reached: there is nothing to serve from' };
  if (databaseLostMs >= PARTITION_AFTER_MS && aPeerHasDatabase) {
    return { ready: false, because: "the database can't be reached from here, and can from another pod: requests are better off there" };
  }
  return { ready: true, degraded: lost };
};
