/** Somebody who has old credentials: tries them at every door, over and over, and keeps one session open. Runs as a process of its own inside a node's network. */
import { Client, DatabaseError } from 'pg';
import { now } from './clock';
import { cacheClient } from './cache-connection';
import { configuration, emit } from './emit';
import type { IntruderConfiguration } from './intruder-configuration';

const TIMEOUT_MS = 2000;
/** The session that is kept is made before anything else, and may take its time. */
const KEEP_TIMEOUT_MS = 15_000;
const REFUSALS = /^(28|08P01)/;

const config = configuration() as IntruderConfiguration;
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const clientFor = ({ host, port, database, user, password, replication }: IntruderConfiguration['doors'][number], timeoutMs = TIMEOUT_MS): Client => {
  const client = new Client({
    ...{ host, port, database, user, password },
    ...(replication ? { replication: 'true' } : {}),
    ssl: { rejectUnauthorized: false },
    connectionTimeoutMillis: timeoutMs,
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

type CacheDoor = IntruderConfiguration['cacheDoors'][number];

/** The chain is not verified: who copied a password does not care. */
const cacheClientFor = ({ host, port, user, password }: CacheDoor, timeoutMs = TIMEOUT_MS) => {
  const client = cacheClient(host, { port, user, password, connectSeconds: timeoutMs / 1000, ca: null });
  client.on('error', () => undefined); // the command that meets it tells
  return client;
};

const tryCacheDoor = async (door: CacheDoor): Promise<void> => {
  const start = now();
  const client = cacheClientFor(door);
  let result = 'in';
  try {
    await client.connect();
    await client.sendCommand(['PING']);
  } catch (error) {
    result = error instanceof Error && /^-?WRONGPASS/.test(error.message) ? 'refused' : 'no answer';
  }
  emit({ t: now(), kind: 'intrusion', door: `${door.name} as the cache's ${door.user}`, start, result });
  if (client.isOpen) client.destroy();
};

const knockLoop = async (everySeconds: number, knock: () => Promise<unknown>): Promise<void> => {
  while (!stopping) {
    const due = now() + everySeconds;
    await knock();
    await pause(Math.max(0, (due - now()) * 1000));
  }
};

/** A session from before the rotation, until it ends. */
const keepAsking = async (where: 'database' | 'cache', ask: () => Promise<unknown>): Promise<void> => {
  while (!stopping) {
    const alive = await ask().then(
      () => true,
      () => false,
    );
    emit({ t: now(), kind: 'kept-session', where, alive });
    if (!alive) return;
    await pause(config.everySeconds * 1000);
  }
};

/** Begins to keep both sessions; what it gives never ends before the sessions do. */
const keepSessions = async (): Promise<readonly Promise<void>[]> => {
  const database = clientFor(config.keep, KEEP_TIMEOUT_MS);
  await database.connect();
  const kept = [keepAsking('database', () => database.query('SELECT 1'))];
  if (config.keepCache === null) return kept;
  const cache = cacheClientFor(config.keepCache, KEEP_TIMEOUT_MS);
  await cache.connect();
  return [...kept, keepAsking('cache', () => cache.sendCommand(['PING']))];
};

/** One node after the other: all at once would be a load of its own. */
const knockAtCache = async (): Promise<void> => {
  for (const door of config.cacheDoors) {
    if (stopping) return;
    await tryCacheDoor(door);
  }
};

const main = async (): Promise<void> => {
  const kept = await keepSessions();
  await Promise.all([knockLoop(config.everySeconds, () => Promise.all(config.doors.map(tryDoor))), knockLoop(config.cacheEverySeconds, knockAtCache), ...kept]);
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`intruder: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
