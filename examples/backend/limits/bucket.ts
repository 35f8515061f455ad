import type { Limit } from './files';

/** A token bucket: `points` requests at once, and all of them again after `duration` seconds. */
export interface Bucket {
  readonly points: number;
  /** Whole seconds, which is what the library counts in. */
  readonly duration: number;
}

/** A pod that counts alone lets at least so many through at once: with less, a user far below the limit is refused when two of his requests meet at one pod. */
const LEAST_ALONE = 3;

/**
 * Of everybody who counts in one place; or of one pod that counts for itself: its part of the rate, and a whole burst. All pods together then keep the limit's rate, and
 * at once they let through a burst each.
 * @param share of the limit that is in force, above 0
 * @param pods that count for themselves
 */
export const bucketOf = ({ requestsPerSecond, burst }: Pick<Limit, 'requestsPerSecond' | 'burst'>, share: number, pods = 1): Bucket => {
  const points = Math.max(pods === 1 ? 1 : LEAST_ALONE, Math.floor(burst * share));
  return { points, duration: Math.max(1, Math.round((points * pods) / (requestsPerSecond * share))) };
};

/**
 * Consumes from a token bucket in one step, on the server's clock. In place of the library's own script, which counts in fixed windows and lets twice the limit
 * through where two of them meet. Answers as that one does: what has been consumed (more than there is: refused), and when there is a token again.
 * ARGV: tokens asked for, unused, capacity, seconds in which an empty bucket fills.
 */
export const TOKEN_BUCKET = `
local cost, capacity = tonumber(ARGV[1]), tonumber(ARGV[3])
local perMs = capacity / (tonumber(ARGV[4]) * 1000)
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local tokens = capacity
local saved = redis.call('GET', KEYS[1])
if saved then
  local had, at = string.match(saved, '([^:]+):([^:]+)')
  tokens = math.min(capacity, tonumber(had) + math.max(0, now - tonumber(at)) * perMs)
end
local fits = tokens >= cost
if fits then tokens = tokens - cost end
redis.call('SET', KEYS[1], string.format('%.6f:%.3f', tokens, now), 'PX', math.ceil((capacity - tokens) / perMs) + 1000)
if fits then return { math.ceil(capacity - tokens), 0 } end
return { capacity + 1, math.ceil((cost - tokens) / perMs) }`;
