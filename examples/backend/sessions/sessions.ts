import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock';
import { unavailable } from '../http/problem';

export interface Session {
  readonly id: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** One of the two places where sessions are. Both calls throw when it can't be reached. */
export interface SessionStore {
  put(session: Session, timeoutMs: number): Promise<void>;
  get(id: string, timeoutMs: number): Promise<Session | undefined>;
}

export interface Found {
  readonly session: Session;
  readonly from: 'cache' | 'database';
}

const STORE_TIMEOUT_MS = 1500;

/** Kept in Redis, which is fast, and in the database, which stays: while one is away, the other serves. */
export class Sessions {
  constructor(
    private readonly cache: SessionStore | null,
    private readonly database: SessionStore,
    private readonly clock: Clock,
    private readonly lifetimeMs: number,
    private readonly onProblem: (error: unknown, what: string) => void,
  ) {}

  /** @throws Problem 503 when neither place could keep it */
  async create(subject: string): Promise<Session> {
    const made: Session = { id: randomUUID(), subject, expiresAt: this.clock.now() + this.lifetimeMs };
    const stores = [this.database, ...(this.cache === null ? [] : [this.cache])];
    const kept = await Promise.allSettled(stores.map((store) => store.put(made, STORE_TIMEOUT_MS)));
    for (const result of kept) if (result.status === 'rejected') this.onProblem(result.reason, 'a session is in one place only');
    if (kept.every(({ status }) => status === 'rejected')) throw unavailable('sessions_unavailable', 'no session can be kept at the moment');
    return made;
  }

  /** @throws Problem 503 when it could not be looked up everywhere it may be */
  async find(id: string, remainingMs: () => number): Promise<Found | undefined> {
    const cached = await this.fromCache(id);
    if (cached !== undefined) return this.unexpired({ session: cached, from: 'cache' });
    const stored = await this.fromDatabase(id, remainingMs());
    if (stored === undefined) return undefined;
    // So that the next request is fast again, also after the cache has come back empty.
    this.cache?.put(stored, STORE_TIMEOUT_MS).catch((error: unknown) => this.onProblem(error, 'a session stays out of the cache'));
    return this.unexpired({ session: stored, from: 'database' });
  }

  private async fromCache(id: string): Promise<Session | undefined> {
    try {
      return await this.cache?.get(id, STORE_TIMEOUT_MS);
    } catch (error) {
      this.onProblem(error, 'sessions come from the database');
      return undefined;
    }
  }

  private async fromDatabase(id: string, timeoutMs: number): Promise<Session | undefined> {
    try {
      return await this.database.get(id, timeoutMs);
    } catch (error) {
      this.onProblem(error, 'a session could not be looked up');
      throw unavailable('sessions_unavailable', 'the session could not be looked up; the same request may be sent again');
    }
  }

  private unexpired(found: Found): Found | undefined {
    return found.session.expiresAt > this.clock.now() ? found : undefined;
  }
}
