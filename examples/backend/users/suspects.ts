import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { CacheConnection } from '../cache/connection';
import type { Limits } from '../limits/files';

type Counter = RateLimiterRedis | RateLimiterMemory;
interface Counters {
  readonly address: Counter;
  readonly user: Counter;
}

/**
 * Who shows signatures that don't verify: counted by address and by the user that was named, for all pods in Redis, and by each for itself while that is away. Over the
 * limit nothing is verified any more, since verifying is what it costs.
 *
 * A name is free to be used by anybody until its signature is verified. So a user over the limit is refused only at addresses that have shown an invalid signature
 * themselves: nobody can shut somebody else out by misusing the name.
 */
export class Suspects {
  private counters: Counters | undefined;
  private builtFor: unknown;
  private builtWith: Limits['invalidSignatures'] | undefined;
  /** Until when whom this pod refuses without asking anybody: a flood must cost neither a signature nor a call to Redis. */
  private readonly refused = new Map<string, number>();

  constructor(
    private readonly cache: CacheConnection | null,
    private readonly limits: () => Limits | null,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** What this pod knows by itself. @returns seconds for which this source is refused; 0: not that it knew */
  knownFor(address: string, user?: string): number {
    const until = Math.max(this.refused.get(address) ?? 0, user === undefined ? 0 : (this.refused.get(pair(address, user)) ?? 0));
    return Math.max(0, Math.ceil((until - this.monotonic()) / 1000));
  }

  /** @returns seconds for which this source is refused; 0: it is not */
  async refusedFor(address: string, user: string): Promise<number> {
    const limits = this.limits()?.invalidSignatures;
    if (limits === undefined) return 0;
    const known = this.knownFor(address, user);
    if (known > 0) return known;
    const counters = this.current(limits);
    const [ofAddress, ofUser] = await Promise.all([counters.address.get(address), counters.user.get(user)]);
    const over = (counted: RateLimiterRes | null): boolean => (counted?.consumedPoints ?? 0) > limits.perAddress;
    const seconds = (counted: RateLimiterRes | null): number => Math.max(1, Math.ceil((counted?.msBeforeNext ?? 0) / 1000));
    if (over(ofAddress)) return this.remember(address, seconds(ofAddress));
    if (over(ofUser) && (ofAddress?.consumedPoints ?? 0) > 0) return this.remember(pair(address, user), seconds(ofUser));
    return 0;
  }

  /** A signature did not verify. */
  async accuse(address: string, user: string): Promise<void> {
    const limits = this.limits()?.invalidSignatures;
    if (limits === undefined) return;
    const counters = this.current(limits);
    await Promise.all([count(counters.address, address), count(counters.user, user)]);
  }

  private remember(source: string, seconds: number): number {
    if (this.refused.size >= REMEMBERED) this.refused.clear();
    this.refused.set(source, this.monotonic() + seconds * 1000);
    return seconds;
  }

  private current(limits: Limits['invalidSignatures']): Counters {
    const client = this.cache?.client;
    if (this.counters !== undefined && this.builtFor === client && this.builtWith === limits) return this.counters;
    this.builtFor = client;
    this.builtWith = limits;
    const { perAddress: points, windowSeconds: duration, blockForSeconds: blockDuration } = limits;
    const counter = (keyPrefix: string): Counter => {
      const options = { keyPrefix, points, duration, blockDuration };
      const alone = new RateLimiterMemory(options);
      return client === undefined ? alone : new RateLimiterRedis({ ...options, storeClient: client, rejectIfRedisNotReady: true, insuranceLimiter: alone });
    };
    this.counters = { address: counter('suspect:address'), user: counter('suspect:user') };
    return this.counters;
  }
}

const REMEMBERED = 10_000;
const pair = (address: string, user: string): string => `${address} ${user}`;

const count = async (counter: Counter, key: string): Promise<void> => {
  try {
    await counter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
  }
};
