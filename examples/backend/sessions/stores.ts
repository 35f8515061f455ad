import { z } from 'zod';
import type { CacheConnection } from '../cache/connection';
import type { Guard } from '../cache/guard';
import type { Clock } from '../clock';
import type { Database } from '../database/database';
import type { Session, SessionStore } from './sessions';

const session = z.object({ id: z.string(), subject: z.string(), expiresAt: z.number() });

export class CachedSessions implements SessionStore {
  constructor(
    private readonly cache: CacheConnection,
    private readonly guard: Guard,
    private readonly clock: Clock,
  ) {}

  async put(made: Session): Promise<void> {
    const left = Math.max(1, Math.round(made.expiresAt - this.clock.now()));
    await this.guard.run(() => this.cache.client.set(`session:${made.id}`, JSON.stringify(made), 'PX', left));
  }

  async get(id: string): Promise<Session | undefined> {
    const found = await this.guard.run(() => this.cache.client.get(`session:${id}`));
    return found === null ? undefined : session.parse(JSON.parse(found));
  }
}

const PUT = `INSERT INTO sessions (id, subject, expires_at) VALUES ($1, $2, to_timestamp($3 / 1000.0)) ON CONFLICT DO NOTHING`;
const GET = 'SELECT id, subject, extract(epoch FROM expires_at)::float8 * 1000 AS "expiresAt" FROM sessions WHERE id = $1';

export class StoredSessions implements SessionStore {
  constructor(private readonly database: Database) {}

  async put({ id, subject, expiresAt }: Session, timeoutMs: number): Promise<void> {
    await this.database.once({ text: PUT, values: [id, subject, expiresAt] }, timeoutMs);
  }

  async get(id: string, timeoutMs: number): Promise<Session | undefined> {
    return (await this.database.retried<Session>({ text: GET, values: [id] }, timeoutMs)).rows[0];
  }
}
