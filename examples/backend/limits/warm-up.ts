import type { CacheConnection } from '../cache/connection';

/** Keys that only exist to be missed: with so many, each shard has some, and one that has lost its state is noticed whichever it is. */
const MARKERS = Array.from({ length: 16 }, (_, index) => `limits:born:{${index}}`);
const START = 0.5;

/**
 * After the limiter has lost its state nobody knows who has used up what: everybody would have a full bucket at once, attackers too. So limits begin at half and grow to
 * the whole over some time.
 */
export class WarmUp {
  private born = 0;

  constructor(private readonly now: () => number = Date.now) {}

  /** Looks for the markers and sets those that are gone; the first pod that comes decides since when. @throws the cache's error */
  async look({ client }: CacheConnection): Promise<void> {
    const now = String(this.now());
    const found = await Promise.all(MARKERS.map((marker) => client.set(marker, now, 'NX', 'GET')));
    this.bornAt(Math.max(...found.map((before) => Number(before ?? now))));
  }

  bornAt(moment: number): void {
    this.born = moment;
  }

  /** What a limit is multiplied by, from 0.5 to 1. */
  factor(seconds: number): number {
    if (seconds <= 0) return 1;
    const share = (this.now() - this.born) / (seconds * 1000);
    return START + (1 - START) * Math.min(1, Math.max(0, share));
  }
}
