import { Client, DatabaseError } from 'pg';
import type { FollowerConfig } from '../../lib/services/follower';
import type { Metrics } from './metrics';

export type Row = Readonly<Record<string, unknown>>;

export interface AdminConsole {
  /** @throws Error when PgBouncer refuses or does not answer in time */
  query(command: string): Promise<readonly Row[]>;
  /**
   * Gives a command that PgBouncer answers when it is done, and goes on without waiting for that. It has a connection of its own until then: PgBouncer takes back
   * a PAUSE whose console goes away.
   * @throws Error when PgBouncer refuses at once or can't be reached
   */
  ask(command: string): Promise<void>;
  close(): Promise<void>;
}

/** A switch pauses for less between its commands. */
const IDLE_MS = 500;
/** A refusal comes at once. */
const REFUSAL_MS = 40;

/** PgBouncer answered, and refused the command; the connection is in order. */
export const isRefusal = (error: unknown): error is DatabaseError => error instanceof DatabaseError && error.severity !== 'FATAL';

/**
 * PgBouncer's admin console over its unix socket, where the user `pgbouncer` needs no password if the uid is PgBouncer's own.
 * One connection serves the commands of a switch, and is closed when there are no more: PgBouncer counts it as a client, and one that was told to stop (SIGTERM)
 * waits for its last client. Commands must not overlap: the caller waits for one before it gives the next.
 */
export const adminConsole = (config: FollowerConfig['pgbouncer'], timeoutMs: number, metrics: Metrics): AdminConsole => {
  let client: Client | undefined;
  let idle: NodeJS.Timeout | undefined;
  const drop = (dropped: Client): void => {
    if (client === dropped) client = undefined;
    // A connection that is already broken has nothing to end; its failure has been reported to whoever waited for it.
    dropped.end().catch(() => undefined);
  };
  const settings = { host: config.socketDir, port: config.port, user: 'pgbouncer', database: 'pgbouncer', connectionTimeoutMillis: timeoutMs };
  const connect = async (): Promise<Client> => {
    const made = new Client({ ...settings, query_timeout: timeoutMs });
    made.on('error', () => drop(made));
    made.on('end', () => drop(made));
    try {
      await made.connect();
    } catch (error) {
      drop(made);
      throw error;
    }
    return made;
  };
  const query = async (command: string): Promise<readonly Row[]> => {
    clearTimeout(idle);
    client ??= await connect();
    const used = client;
    try {
      return (await used.query<Row>(command)).rows;
    } catch (error) {
      if (!isRefusal(error)) drop(used);
      throw error;
    } finally {
      idle = setTimeout(() => drop(used), IDLE_MS);
    }
  };
  const ask = async (command: string): Promise<void> => {
    const own = new Client(settings);
    own.on('error', () => undefined); // PgBouncer went away: so did what was asked of it
    await own.connect();
    const answered = own.query(command).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    void answered.then(() => own.end()).catch(() => undefined); // already closed by PgBouncer
    const refusal = await Promise.race([answered, new Promise<undefined>((done) => setTimeout(() => done(undefined), REFUSAL_MS))]);
    if (refusal !== undefined) throw refusal;
  };
  return {
    ask: async (command) => {
      try {
        await ask(command);
      } catch (error) {
        metrics.poolerErrors += 1;
        throw error;
      }
    },
    query: async (command) => {
      try {
        return await query(command);
      } catch (error) {
        metrics.poolerErrors += 1;
        throw error;
      }
    },
    close: async () => {
      clearTimeout(idle);
      await client?.end().catch(() => undefined);
      client = undefined;
    },
  };
};
