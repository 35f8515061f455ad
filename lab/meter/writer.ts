/**
 * A client: writes a row every 20 ms through the pooler's Service, from inside one node's network, and reads what it can see. Runs as a process of its own.
 * A write is `acked` when the commit was acknowledged, `failed` when it certainly was not applied, `unknown` otherwise.
 */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import type { Credentials } from '../secrets';
import { StubResolver } from '../edge/stub-resolver';
import { now } from './clock';
import type { WriterConfiguration } from './writer-configuration';
import { codeOf, configuration, emit, messageOf } from './emit';
import { METER_TABLE } from './tables';

const CONNECT_TIMEOUT_MS = 1500;
/** Pause after an error, as an application's retry has it. */
const RETRY_MS = 50;

const config = configuration() as WriterConfiguration;
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

interface Login {
  readonly user: string;
  readonly password: string;
  readonly ca: string;
}

const LOOK_EVERY_SECONDS = 0.25;
let present: Login = { user: config.user, password: config.password, ca: config.ca };
let lookedAt = 0;

/** The credentials as they are now; the same object while they are the same. */
const readLogin = (): Login => {
  if (now() - lookedAt < LOOK_EVERY_SECONDS) return present;
  lookedAt = now();
  const { applicationUser: user, application: password, ca } = JSON.parse(readFileSync(config.credentialsFile, 'utf8')) as Credentials;
  return user === present.user && password === present.password && ca === present.ca ? present : { user, password, ca };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const RESOLVE_TIMEOUT_MS = 1000;
const resolver =
  config.resolver === undefined ? undefined : new StubResolver({ ...config.resolver, timeoutMs: RESOLVE_TIMEOUT_MS, now: () => performance.now() });

/** The address to connect to, as an application's resolver has it. */
const address = async (): Promise<string> => {
  if (resolver === undefined) return config.host;
  const resolved = await resolver.resolve(config.host);
  if (!resolved.cached) emit({ t: now(), kind: 'resolved', client: config.client, address: resolved.address });
  return resolved.address;
};

const open = async ({ user, password, ca }: Login): Promise<Client> => {
  const client = new Client({
    host: await address(),
    port: config.port,
    database: config.database,
    user,
    password,
    ssl: { ca, servername: config.serverName },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: config.giveUpSeconds * 1000,
  });
  client.on('error', () => undefined); // a connection that breaks while idle: the next statement tells, and that is where it is recorded
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => undefined); // never connected: nothing to close that matters
    throw error;
  }
  return client;
};

/** Keeps one connection; a statement that fails costs it. When the credentials change, it has a new connection before it gives the old one up. */
class Session {
  private client: Client | undefined;
  private login: Login = present;

  /** @returns what the statement gave; throws with `sent` telling whether the server may have seen it */
  async run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    let client: Client;
    try {
      await this.followCredentials();
      client = this.client ?? (await open(this.login));
      this.client = client;
    } catch (error) {
      throw new StatementError(messageOf(error), codeOf(error), false);
    }
    try {
      return await work(client);
    } catch (error) {
      this.client = undefined;
      client.end().catch(() => undefined); // given up: whether its goodbye arrives does not matter
      throw new StatementError(messageOf(error), codeOf(error), true);
    }
  }

  private async followCredentials(): Promise<void> {
    present = readLogin();
    if (present === this.login) return;
    const next = present;
    const start = now();
    try {
      const client = await open(next);
      this.client?.end().catch(() => undefined); // its last statement has been answered: nothing is lost with it
      this.client = client;
      this.login = next;
      emit({ t: now(), kind: 'login', client: config.client, start, user: next.user, ok: true });
    } catch (error) {
      // The old login may still be good: it is used until the new one is.
      emit({ t: now(), kind: 'login', client: config.client, start, user: next.user, ok: false, error: messageOf(error) });
    }
  }

  async close(): Promise<void> {
    await this.client?.end();
  }
}

class StatementError extends Error {
  constructor(
    message: string,
    readonly sqlState: string | undefined,
    readonly sent: boolean,
  ) {
    super(message);
  }

  /** Read-only: the server refused it before doing anything. Everything else that was sent may have been applied. */
  get outcome(): 'failed' | 'unknown' {
    return !this.sent || this.sqlState === '25006' ? 'failed' : 'unknown';
  }
}

const INSERT = `INSERT INTO ${METER_TABLE} (client, id) VALUES ($1, $2) RETURNING host(inet_server_addr()) AS address`;

const write = async (session: Session, id: number): Promise<boolean> => {
  const start = now();
  const event = { kind: 'write', client: config.client, id, start };
  try {
    const { rows } = await session.run((c) => c.query<{ address: string }>(INSERT, [config.client, id]));
    emit({ t: now(), ...event, outcome: 'acked', address: rows[0]?.address });
    return true;
  } catch (error) {
    const outcome = error instanceof StatementError ? error.outcome : 'unknown';
    emit({ t: now(), ...event, outcome, error: messageOf(error) });
    return false;
  }
};

const writeLoop = async (): Promise<void> => {
  const session = new Session();
  let due = now();
  for (let id = 1; !stopping; id++) {
    const acknowledged = await write(session, id);
    due = Math.max(due + config.writeEverySeconds, now());
    await pause(acknowledged ? Math.max(0, (due - now()) * 1000) : RETRY_MS);
  }
  await session.close();
};

/** Everything that is visible: per client the largest id, and which ids below it are not there. */
const SEEN = `SELECT client, id::int AS id, prev::int AS prev, (id = max(id) OVER (PARTITION BY client)) AS last
  FROM (SELECT client, id, lag(id, 1, 0::bigint) OVER (PARTITION BY client ORDER BY id) AS prev FROM ${METER_TABLE}) rows
  ORDER BY client, id`;
const GAPS = `SELECT * FROM (${SEEN}) seen WHERE last OR id > prev + 1 ORDER BY client, id`;

interface SeenRow {
  readonly client: string;
  readonly id: number;
  readonly prev: number;
  readonly last: boolean;
}

const readLoop = async (): Promise<void> => {
  const session = new Session();
  while (!stopping) {
    const start = now();
    const event = { kind: 'read', client: config.client, start };
    try {
      const { rows } = await session.run((c) => c.query<SeenRow>(GAPS));
      const maxIdPerClient = Object.fromEntries(rows.filter((r) => r.last).map((r) => [r.client, r.id]));
      emit({ t: now(), ...event, ok: true, maxIdPerClient, missing: missingIds(rows) });
    } catch (error) {
      emit({ t: now(), ...event, ok: false, maxIdPerClient: {}, error: messageOf(error) });
      await pause(RETRY_MS);
    }
    await pause(Math.max(0, (start + config.readEverySeconds - now()) * 1000));
  }
  await session.close();
};

const missingIds = (rows: readonly SeenRow[]): Record<string, [number, number][]> => {
  const missing: Record<string, [number, number][]> = {};
  for (const { client, id, prev } of rows) if (id > prev + 1) (missing[client] ??= []).push([prev + 1, id - 1]);
  return missing;
};

Promise.all([writeLoop(), readLoop()]).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`writer ${config.client}: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
