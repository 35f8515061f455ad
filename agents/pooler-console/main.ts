/** One question to PgBouncer's admin console, from inside its pod: `pooler-console <command> [<command> ...]`. The rows come out as JSON, one array for each command. */
import { Client } from 'pg';
import { PGBOUNCER_RUN_DIR } from '../../lib/services/paths';
import { POOLER_PORT } from '../../lib/topology/derive';

const TIMEOUT_MS = 5000;

const main = async (commands: readonly string[]): Promise<void> => {
  if (commands.length === 0) throw new Error('usage: pooler-console <command> [<command> ...]');
  // PgBouncer lets this user in without a password over its socket, if the uid is its own.
  const client = new Client({
    host: PGBOUNCER_RUN_DIR,
    port: POOLER_PORT,
    user: 'pgbouncer',
    database: 'pgbouncer',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  await client.connect();
  try {
    const answers: unknown[] = [];
    for (const command of commands) answers.push((await client.query<Record<string, unknown>>(command)).rows);
    process.stdout.write(`${JSON.stringify(answers)}\n`);
  } finally {
    await client.end();
  }
};

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`pooler-console: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
