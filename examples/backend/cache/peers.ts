import { z } from 'zod';
import type { CacheConnection } from './connection';

/** Pods that have said nothing for so long are gone. */
const GONE_AFTER_MS = 10_000;
/** What another pod saw longer ago says nothing about now. */
export const EVIDENCE_MS = 5000;
const KEY = 'backend:peers';

/** Writes when this pod last reached the database, by the cache's clock, and reads what all have written. Pods' own clocks don't come into it. */
const TELL = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local age = tonumber(ARGV[2])
redis.call('HSET', KEYS[1], ARGV[1], now .. ':' .. (age < 0 and -1 or now - age))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local all = redis.call('HGETALL', KEYS[1])
local answer = {}
for i = 1, #all, 2 do
  local seen, reached = string.match(all[i + 1], '(-?%d+):(-?%d+)')
  if now - tonumber(seen) > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then
    answer[#answer + 1] = { all[i], tonumber(reached) < 0 and -1 or now - tonumber(reached) }
  end
end
return answer`;

/** Another pod, and how long ago it has reached the database, in milliseconds; -1: never. */
export type Peer = readonly [pod: string, databaseAgeMs: number];
const peers = z.array(z.tuple([z.string(), z.number()]));

/** What Kubernetes names the pods of one release after. Only one release serves at a time: those of another one take no part in a limit. */
const releaseOf = (pod: string): string => pod.replace(/-[^-]*$/, '');

/** What the pods of this service know of each other. */
export class Peers {
  private sharing = 0;
  private reachedAt: number | undefined;
  private heard = false;

  constructor(
    private readonly pod: string,
    private readonly assumed: number,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** Pods that share a limit: those of this release that have been heard of lately, this one included. */
  get count(): number {
    return this.heard ? this.sharing + 1 : this.assumed;
  }

  /** Whether another pod has reached the database after this moment, and lately. */
  reachedDatabaseAfter(moment: number): boolean {
    return this.reachedAt !== undefined && this.reachedAt > moment && this.monotonic() - this.reachedAt < EVIDENCE_MS;
  }

  /**
   * @param databaseAgeMs how long ago this pod has begun the last call that the database answered; undefined: it never has
   * @throws the cache's error
   */
  async tell(cache: CacheConnection, databaseAgeMs: number | undefined): Promise<void> {
    const age = databaseAgeMs === undefined ? -1 : Math.round(databaseAgeMs);
    this.hear(peers.parse(await cache.client.eval(TELL, 1, KEY, this.pod, age, GONE_AFTER_MS)));
  }

  hear(others: readonly Peer[]): void {
    this.sharing = others.filter(([pod]) => releaseOf(pod) === releaseOf(this.pod)).length;
    this.heard = true;
    const known = others.map(([, age]) => age).filter((age) => age >= 0);
    if (known.length > 0) this.reachedAt = this.monotonic() - Math.min(...known);
  }
}
