/** Somebody who has old credentials: tries them at every door, over and over, and keeps one session open. Runs as a process of its own inside a node's network. */
import { Client, DatabaseError } from 'pg';
import { now } from './clock';
import { configuration, emit } from './emit';
import type { IntruderConfiguration } from './intruder-configuration';

const TIMEOUT_MS = 2000;
const REFUSALS = /^(28|08P01)/;

const config = configuration() as IntruderConfiguration;
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const clientFor = ({ host, port, database, user, password, replication }: IntruderConfiguration['doors'][number]): Client => {
  const client = new Client({
    ...{ host, port, database, user, password },
    ...(replication ? { replication: 'true' } : {}),
    ssl: { rejectUnauthorized: false },
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // a session that is ended: the next statement tells
  return client;
};

const tryDoor = async (door: IntruderConfiguration['doors'][number]): Promise<void> => {
  const start = now();
  const client = clientFor(door);
  let result = 'in';
  try {
    await client.connect();
    await client.query(door.replication ? 'IDENTIFY_SYSTEM' : 'SELECT 1');
  } catch (error) {
    result = error instanceof DatabaseError && REFUSALS.test(error.code ?? '') ? 'refused' : 'no answer';
  }
  emit({ t: now(), kind: 'intrusion', door: `${door.name} as ${door.user}`, start, result });
  client.end().catch(() => undefined); // nothing to close if it was never open
};

const knockLoop = async (): Promise<void> => {
  while (!stopping) {
    const due = now() + config.everySeconds;
    await Promise.all(config.doors.map(tryDoor));
    await pause(Math.max(0, (due - now()) * 1000));
  }
};

/** One session, from before the rotation. */
const keepLoop = async (): Promise<void> => {
  const client = clientFor(config.keep);
  await client.connect();
  while (!stopping) {
    const alive = await client.query('SELECT 1').then(
      () => true,
      () => false,
    );
    emit({ t: now(), kind: 'kept-session', alive });
    if (!alive) return;
    await pause(config.everySeconds * 1000);
  }
};

Promise.all([knockLoop(), keepLoop()]).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`intruder: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
