import type { Database } from '../database/database';

export interface Event {
  /** Given by the sender, the same whenever it is sent again. */
  readonly id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Where events stay. */
export interface EventStore {
  /** One attempt. @throws the error as it was */
  add(event: Event, timeoutMs: number): Promise<void>;
  /** @throws Problem 503 when it couldn't be done in time */
  addWithin(event: Event, deadlineMs: number): Promise<void>;
  /** All of them or none; those that are there already are left alone. */
  addQueued(events: readonly Event[]): Promise<void>;
  /** How many there are whose id starts with this. */
  count(prefix: string, deadlineMs: number): Promise<number>;
}

/** Written to again where it is present: the answer must not rest on a row that no standby has yet. */
const ADD = `
INSERT INTO events AS present (id, type, payload, queued) VALUES ($1, $2, $3, false)
ON CONFLICT (id) DO UPDATE SET repeats = present.repeats + 1`;
const ADD_QUEUED = `
INSERT INTO events AS present (id, type, payload, queued)
SELECT DISTINCT ON (id) id, type, payload::jsonb, true FROM unnest($1::text[], $2::text[], $3::text[]) AS queue (id, type, payload) ORDER BY id
ON CONFLICT (id) DO UPDATE SET repeats = present.repeats + 1`;
const COUNT = 'SELECT count(*)::int AS count FROM events WHERE starts_with(id, $1)';

export class DatabaseEvents implements EventStore {
  constructor(private readonly database: Database) {}

  async add(event: Event, timeoutMs: number): Promise<void> {
    await this.database.once(adding(event), timeoutMs);
  }

  async addWithin(event: Event, deadlineMs: number): Promise<void> {
    await this.database.retried(adding(event), deadlineMs);
  }

  async addQueued(events: readonly Event[]): Promise<void> {
    const columns = [events.map(({ id }) => id), events.map(({ type }) => type), events.map(({ payload }) => JSON.stringify(payload))];
    await this.database.once({ text: ADD_QUEUED, values: columns });
  }

  async count(prefix: string, deadlineMs: number): Promise<number> {
    const { rows } = await this.database.retried<{ count: number }>({ text: COUNT, values: [prefix] }, deadlineMs);
    return rows[0]?.count ?? 0;
  }
}

const adding = ({ id, type, payload }: Event) => ({ text: ADD, values: [id, type, JSON.stringify(payload)] });
