import { RateLimiterMemory, type RateLimiterAbstract, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { CacheConnection } from '../cache/connection';
import type { Guard } from '../cache/guard';
import { Problem, unavailable } from '../http/problem';
import type { Metrics } from '../metrics';
import { type Bucket, bucketOf, TOKEN_BUCKET } from './bucket';
import type { Limit, Limits, LimitSet, Switches } from './files';

export interface LimiterParts {
  readonly cache: CacheConnection | null;
  readonly guard: Guard;
  readonly limits: () => Limits | null;
  readonly switches: () => Switches;
  /** From 0.5 to 1, by the seconds that a warm-up takes. */
  readonly warmUp: (seconds: number) => number;
  /** Pods that share a limit. */
  readonly replicas: () => number;
  readonly metrics: Metrics;
  /** A drill wants to know what the limits add to a bare question to the cache. */
  readonly isCompared: () => boolean;
}

export interface Asking {
  /** A user who has proven who it is, or an address. */
  readonly subject: string;
  readonly method: string;
  /** The route's pattern. */
  readonly route: string;
}

type Kind = 'user' | 'endpoint';
interface Applied {
  readonly kind: Kind;
  readonly key: string;
  readonly limit: Limit;
}

/** The limit of an endpoint: its own rate where it has one. */
const endpointLimit = ({ endpoint, endpoints }: LimitSet, { method, route }: Asking): Limit =>
  endpoints.find((one) => one.method === method && one.path === route) ?? endpoint;

/** How much one may ask of the service: by user and by endpoint, counted for all pods in Redis; and, while that is away, as it was declared. */
export class RateLimiter {
  private readonly buckets = new Map<string, RateLimiterAbstract>();
  private builtFor: unknown;

  constructor(private readonly parts: LimiterParts) {}

  /** @throws Problem 429 with Retry-After, or 503 where the limiter is away and that was declared to close the service */
  async admit(asking: Asking): Promise<void> {
    const limits = this.parts.limits();
    if (limits === null) return;
    const inForce = this.parts.switches().emergencyLimits ? limits.emergency : limits;
    const applied: readonly Applied[] = [
      { kind: 'user', key: `{${asking.subject}}`, limit: inForce.user },
      { kind: 'endpoint', key: `{${asking.subject}}:${asking.method} ${asking.route}`, limit: endpointLimit(inForce, asking) },
    ];
    const bare = this.parts.isCompared() ? this.bareQuestion(asking) : null;
    const end = this.parts.metrics.limiterSeconds.startTimer();
    try {
      await this.consume(limits, applied);
    } finally {
      const seconds = end();
      void bare?.then((took) => took !== null && this.parts.metrics.limiterOwnSeconds.observe(Math.max(0, seconds - took)));
    }
  }

  /** Of the node that counts for this subject, on the same connection. @returns seconds until its answer; null: there was none */
  private async bareQuestion({ subject }: Asking): Promise<number | null> {
    const { cache } = this.parts;
    if (cache === null) return null;
    const began = performance.now();
    try {
      await cache.client.get(`limit:bare:{${subject}}`);
      return (performance.now() - began) / 1000;
    } catch {
      return null; // what the limits do without the cache is not what is compared
    }
  }

  private async consume(limits: Limits, applied: readonly Applied[]): Promise<void> {
    const share = this.parts.warmUp(limits.warmUpSeconds);
    const shared = await this.inCache(applied, share);
    if (shared !== 'away') return void this.refuseIfAny(shared);
    if (limits.limiterDown === 'open') return;
    if (limits.limiterDown === 'closed') throw unavailable('limiter_unavailable', 'requests are not counted at the moment, and uncounted ones are not served');
    this.refuseIfAny(await this.take(applied, 'local', (limit) => bucketOf(limit, share, this.parts.replicas())));
  }

  private async inCache(applied: readonly Applied[], share: number): Promise<readonly (Denied | null)[] | 'away'> {
    const { cache, guard } = this.parts;
    if (cache === null) return 'away';
    if (this.builtFor !== cache.client) this.buckets.clear();
    this.builtFor = cache.client;
    try {
      return await guard.run(() => this.take(applied, 'shared', (limit) => bucketOf(limit, share)));
    } catch {
      // The guard's owner is told of the change, and counts it; here it only matters that there is no answer.
      return 'away';
    }
  }

  private take(applied: readonly Applied[], where: 'shared' | 'local', size: (limit: Limit) => Bucket): Promise<readonly (Denied | null)[]> {
    return Promise.all(
      applied.map(async (one) => {
        try {
          await this.bucket(one.kind, where, size(one.limit)).consume(one.key);
          return null;
        } catch (refused) {
          if (!(refused instanceof RateLimiterRes)) throw refused;
          return { ...one, waitMs: refused.msBeforeNext };
        }
      }),
    );
  }

  private bucket(kind: Kind, where: 'shared' | 'local', { points, duration }: Bucket): RateLimiterAbstract {
    const name = `${where}:${kind}:${points}:${duration}`;
    const present = this.buckets.get(name);
    if (present !== undefined) return present;
    // Who has been refused is refused here until a token is there: a flood does not reach Redis.
    const options = { keyPrefix: `limit:${kind}`, points, duration, inMemoryBlockOnConsumed: points + 1 };
    const { cache } = this.parts;
    const made =
      where === 'shared' && cache !== null
        ? new RateLimiterRedis({ ...options, storeClient: cache.client, customIncrTtlLuaScript: TOKEN_BUCKET })
        : new RateLimiterMemory(options);
    this.buckets.set(name, made);
    return made;
  }

  private refuseIfAny(results: readonly (Denied | null)[]): void {
    const denied = results.filter((result) => result !== null);
    const [first] = denied;
    if (first === undefined) return;
    for (const { kind } of denied) this.parts.metrics.rateLimitDenials.inc({ limit: kind });
    const seconds = Math.max(...denied.map(({ limit, waitMs }) => Math.max(limit.retryAfterSeconds ?? 1, Math.ceil(waitMs / 1000))));
    throw new Problem(429, 'too_many_requests', `more than ${first.limit.requestsPerSecond} requests per second (limit: ${first.kind})`, {
      retryAfterSeconds: seconds,
      headers: { 'x-limit': first.kind },
    });
  }
}

interface Denied extends Applied {
  readonly waitMs: number;
}
