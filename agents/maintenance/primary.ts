/** Finds the member that is primary, by asking each. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import type { MaintenanceConfig } from '../../lib/services/maintenance';

const CONNECT_TIMEOUT_MS = 3000;

/** One row of an answer: texts, but for what PostgreSQL's protocol types (timestamps are dates). */
export type Row = Readonly<Record<string, string | Date>>;

/** What a task needs of a connection; tests bring their own. */
export interface Session {
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<{ readonly rows: readonly Row[]; readonly rowCount: number | null }>;
  readonly end: () => Promise<void>;
}

const milliseconds = (seconds: number): number => Math.round(seconds * 1000);

const connect = async (config: MaintenanceConfig, host: string): Promise<Client> => {
  const { tls, task } = config;
  const client = new Client({
    host,
    port: config.port,
    database: config.database,
    user: config.role,
    // The certificate's names are the members': whoever answers is who was called.
    ssl: { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key), servername: host },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: `holdfast-maintenance/${task.name}`,
    lock_timeout: milliseconds(config.lockTimeoutSeconds),
    // VACUUM of a large table takes as long as it takes: the run's time limit ends it.
    statement_timeout: milliseconds(task.policy === null ? config.timeLimitSeconds : config.statementTimeoutSeconds),
    idle_in_transaction_session_timeout: milliseconds(config.statementTimeoutSeconds),
  });
  client.on('error', () => undefined); // broken while idle: the next statement tells
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => undefined); // never connected: nothing to close that matters
    throw error;
  }
};

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws Error that says what each member answered, when none of them is primary */
export const connectToPrimary = async (config: MaintenanceConfig): Promise<Session> => {
  const answers: string[] = [];
  for (const host of config.hosts) {
    try {
      const client = await connect(config, host);
      const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
      if (rows[0]?.standby === false) return sessionOf(client);
      answers.push(`${host} is a standby`);
      await client.end();
    } catch (error) {
      answers.push(`${host}: ${reason(error)}`);
    }
  }
  throw new Error(`no member is primary: ${answers.join('; ')}`);
};

const sessionOf = (client: Client): Session => ({
  query: async (sql, values = []) => client.query<Row>(sql, [...values]),
  end: () => client.end(),
});
