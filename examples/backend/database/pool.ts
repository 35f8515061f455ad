import { ExponentialBackoff, handleWhen, retry, TaskCancelledError, timeout, TimeoutStrategy, wrap } from 'cockatiel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientConfig, Pool, type QueryResult, type QueryResultRow } from 'pg';
import { unavailable } from '../http/problem';
import type { Metrics } from '../metrics';
import type { Database, Statement } from './database';
import { codeOf, isTransient } from './errors';

export interface DatabaseEndpoint {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** Connections at most. */
  readonly pool: number;
  /** Holds `username`, `password` and `ca.crt`, which a rotation replaces. */
  readonly directory: string;
}

const CONNECT_TIMEOUT_MS = 2000;
/** A statement that has no answer by then is sent again on another connection. */
const ATTEMPT_TIMEOUT_MS = 3000;
const IDLE_TIMEOUT_MS = 30_000;
/** Connections are renewed, so that a pooler that was added gets its share and a rotated password is taken up. */
const LIFETIME_SECONDS = 300;
const BACKOFF = { initialDelay: 50, maxDelay: 1000 };

/** What to log in with, as it is now: read for every new connection. */
const login = (endpoint: DatabaseEndpoint): ClientConfig => {
  const read = (file: string): string => readFileSync(join(endpoint.directory, file), 'utf8');
  return {
    user: read('username').trim(),
    password: read('password').trim(),
    ssl: { ca: read('ca.crt'), rejectUnauthorized: true },
  };
};

const clientOf = (endpoint: DatabaseEndpoint) =>
  class extends Client {
    constructor(config?: string | ClientConfig) {
      super({ ...(typeof config === 'object' ? config : {}), ...login(endpoint) });
    }
  };

/** PostgreSQL through a pooler in transaction mode: no session state, no named statements; and each statement is a transaction of its own. */
export class PooledDatabase implements Database {
  private readonly pool: Pool;

  constructor(
    endpoint: DatabaseEndpoint,
    private readonly metrics: Metrics,
    onIdleError: (error: Error) => void,
  ) {
    this.pool = new Pool({
      Client: clientOf(endpoint),
      host: endpoint.host,
      port: endpoint.port,
      database: endpoint.name,
      application_name: 'holdfast-backend',
      max: endpoint.pool,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ATTEMPT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      maxLifetimeSeconds: LIFETIME_SECONDS,
      keepAlive: true,
    });
    // A connection that breaks while nobody uses it: the pool drops it; unheard, the event would end the process.
    this.pool.on('error', onIdleError);
  }

  async once<R extends QueryResultRow>({ text, values = [] }: Statement, timeoutMs = ATTEMPT_TIMEOUT_MS): Promise<QueryResult<R>> {
    const query = { text, values: [...values], query_timeout: timeoutMs };
    return this.pool.query<R>(query);
  }

  async retried<R extends QueryResultRow>(statement: Statement, deadlineMs: number): Promise<QueryResult<R>> {
    const again = retry(handleWhen(isTransient), { maxAttempts: Number.MAX_SAFE_INTEGER, backoff: new ExponentialBackoff(BACKOFF) });
    again.onFailure(({ reason }) => this.metrics.databaseRetries.inc({ code: ('error' in reason ? codeOf(reason.error) : undefined) ?? 'none' }));
    try {
      return await wrap(timeout(deadlineMs, TimeoutStrategy.Aggressive), again).execute(() => this.once<R>(statement));
    } catch (error) {
      if (error instanceof TaskCancelledError || isTransient(error)) {
        throw unavailable('database_unavailable', `the database has not answered within ${Math.round(deadlineMs)} ms; the same request may be sent again`);
      }
      throw error;
    }
  }

  /** Connections that are in use, and that wait for use. */
  get connections(): { readonly active: number; readonly idle: number; readonly max: number } {
    const { totalCount, idleCount, options } = this.pool;
    return { active: totalCount - idleCount, idle: idleCount, max: options.max };
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
