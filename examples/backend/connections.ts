import type { FastifyBaseLogger } from 'fastify';
import { CacheConnection } from './cache/connection';
import { guarded, type Guard } from './cache/guard';
import type { Config } from './config';
import { PooledDatabase } from './database/pool';
import type { Degradable, Metrics } from './metrics';

/** Everything of the service that is elsewhere. */
export interface Connections {
  readonly database: PooledDatabase | null;
  /** A connection that only looks whether the database answers: one that waited behind requests would call a busy pod a lost one. */
  readonly probe: PooledDatabase | null;
  readonly cache: CacheConnection | null;
  /** Of its own: `WAIT` holds up what comes after it. */
  readonly queue: CacheConnection | null;
  readonly guards: Readonly<Record<'limiter' | 'nonces' | 'sessions', Guard>>;
  close(): Promise<void>;
}

const TIMEOUTS_MS = { limiter: 150, nonces: 1000, sessions: 500 };
/** Longer than what a `WAIT` in it may take. */
const QUEUE_TIMEOUT_MS = 1000;
const SAME_PROBLEM_MS = 5000;

/** What is wrong again and again is written once in a while: a log that fills the disk is the next fault. */
export const seldom = (log: Pick<FastifyBaseLogger, 'warn'>, now: () => number = () => performance.now()) => {
  const written = new Map<string, number>();
  return (error: unknown, what: string): void => {
    const at = written.get(what);
    if (at !== undefined && now() - at < SAME_PROBLEM_MS) return;
    written.set(what, now());
    log.warn({ err: error }, what);
  };
};

/** Opens them; nothing waits until they are there. */
export const connectAll = (config: Config, metrics: Metrics, log: FastifyBaseLogger): Connections => {
  const problem = seldom(log);
  const databaseWith = (pool: number): PooledDatabase | null =>
    config.database === null ? null : new PooledDatabase({ ...config.database, pool }, metrics, (error) => problem(error, 'an idle connection broke'));
  // Together as many as the pod was given.
  const database = databaseWith(Math.max(1, (config.database?.pool ?? 1) - 1));
  const probe = databaseWith(1);
  const onCacheError = (error: Error): void => problem(error, 'the cache');
  const cache = config.cache === null ? null : new CacheConnection(config.cache, onCacheError);
  const queue = config.cache === null ? null : new CacheConnection(config.cache, onCacheError, QUEUE_TIMEOUT_MS);
  const guard = (timeoutMs: number, part?: Degradable): Guard =>
    guarded(timeoutMs, (open) => {
      if (part === undefined) return;
      metrics.degraded.set({ part }, open ? 1 : 0);
      log.warn({ part, open }, 'a circuit changed');
    });
  return {
    database,
    probe,
    cache,
    queue,
    guards: { limiter: guard(TIMEOUTS_MS.limiter, 'limiter'), nonces: guard(TIMEOUTS_MS.nonces, 'nonces'), sessions: guard(TIMEOUTS_MS.sessions) },
    close: async () => {
      cache?.close();
      queue?.close();
      await Promise.all([database?.close(), probe?.close()]);
    },
  };
};
