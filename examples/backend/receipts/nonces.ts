import { z } from 'zod';
import type { CacheConnection } from '../cache/connection';
import type { Guard } from '../cache/guard';

/** - `fresh`: issued, and used by nobody but this receipt; - `used`: by another; - `expired`; - `unknown`: not here, or not any more */
export type NonceState = 'fresh' | 'used' | 'expired' | 'unknown';

/** Where nonces are known. Both calls throw when it can't be reached. */
export interface NonceStore {
  issue(nonce: string, expiresAt: number): Promise<void>;
  /** Marks it as used by this receipt, unless it is used or expired: in one step, so that of two receipts at once only one gets it. */
  use(nonce: string, receipt: string, now: number): Promise<NonceState>;
}

/** So long after its expiry a nonce is still known, so that it can be called expired. */
const GRACE_MS = 10 * 60_000;
/** Clocks of pods differ: what one has issued, another judges. An alert fires when they differ by more. */
export const CLOCK_TOLERANCE_MS = 1000;

const USE = `
local known = redis.call('GET', KEYS[1])
if not known then return 'unknown' end
local expires, receipt = string.match(known, '([^:]*):?(.*)')
if receipt == ARGV[1] then return 'fresh' end
if receipt ~= '' then return 'used' end
if tonumber(ARGV[2]) > tonumber(expires) + tonumber(ARGV[3]) then return 'expired' end
redis.call('SET', KEYS[1], expires .. ':' .. ARGV[1], 'KEEPTTL')
return 'fresh'`;

const states = z.enum(['fresh', 'used', 'expired', 'unknown']);

export class RedisNonces implements NonceStore {
  constructor(
    private readonly cache: CacheConnection,
    private readonly guard: Guard,
    /** How long a nonce is good, in milliseconds. */
    private readonly lifetimeMs: number,
  ) {}

  async issue(nonce: string, expiresAt: number): Promise<void> {
    await this.guard.run(() => this.cache.client.set(keyOf(nonce), String(expiresAt), 'PX', this.lifetimeMs + GRACE_MS));
  }

  async use(nonce: string, receipt: string, now: number): Promise<NonceState> {
    return states.parse(await this.guard.run(() => this.cache.client.eval(USE, 1, keyOf(nonce), receipt, now, CLOCK_TOLERANCE_MS)));
  }
}

const keyOf = (nonce: string): string => `nonce:{${nonce}}`;
