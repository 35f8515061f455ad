/**
 * Clients that outlive every machine of the lab: they run in this process, in the control plane's host, and go through the poolers' pods, whose addresses they look up
 * anew whenever a connection fails. What they see goes into a history, as the meters on the nodes write it.
 */
import { Client } from 'pg';
import type { HistoryEvent, WriteEvent } from '../../lib/drill/events';
import { NAMESPACE, POOLER_PORT } from '../../lib/topology/derive';
import { sleep } from '../exec';
import { addressesOf, podsOf } from '../health';
import { isReady, type KubernetesApi } from '../kubernetes/api';
import { now } from '../meter/clock';
import { METER_TABLE } from '../meter/tables';
import type { Credentials } from '../secrets';
import type { LabSettings } from '../settings';

const WRITE_EVERY = 0.05;
const READ_EVERY = 0.5;
/** Pause after an error, as an application's retry has it. */
const RETRY = 0.1;
const CONNECT_TIMEOUT_MS = 1500;

export interface Clients {
  readonly names: readonly string[];
  readonly events: readonly HistoryEvent[];
  /** Time of the newest acknowledgement of each client. */
  readonly lastAcks: ReadonlyMap<string, number>;
  readonly stop: () => Promise<void>;
}

export interface ClientsOptions {
  readonly count: number;
  /** A statement without an answer for so long is given up. */
  readonly giveUpSeconds: number;
}

interface Shared {
  readonly lab: LabSettings;
  readonly api: KubernetesApi;
  readonly credentials: Credentials;
  readonly options: ClientsOptions;
  readonly events: HistoryEvent[];
  readonly lastAcks: Map<string, number>;
  stopping: boolean;
}

/** Whoever is ready; while nobody can be asked, there is nobody to connect to. */
const poolers = async ({ api }: Shared): Promise<readonly string[]> => addressesOf((await podsOf(api, 'pgbouncer')).filter(isReady));

export const poolerClient = (lab: LabSettings, credentials: Credentials, host: string, giveUpSeconds: number): Client =>
  new Client({
    host,
    port: POOLER_PORT,
    database: lab.region.postgres.database,
    user: credentials.applicationUser,
    password: credentials.application,
    ssl: { ca: credentials.ca, servername: `pgbouncer.${NAMESPACE}.svc.cluster.local` },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: giveUpSeconds * 1000,
  });

const connect = async (shared: Shared, index: number): Promise<Client> => {
  const addresses = await poolers(shared);
  const host = addresses[index % Math.max(1, addresses.length)];
  if (host === undefined) throw new Error('no pooler is ready');
  const client = poolerClient(shared.lab, shared.credentials, host, shared.options.giveUpSeconds);
  client.on('error', () => undefined); // broken while idle: the next statement tells, and that is where it is recorded
  await client.connect();
  return client;
};

/** One connection, made when it is needed; a statement that fails costs it. */
class Session {
  private client: Client | undefined;

  constructor(
    private readonly shared: Shared,
    private readonly index: number,
  ) {}

  /** @throws Error with `sent` telling whether the server may have seen the statement */
  async run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    try {
      this.client ??= await connect(this.shared, this.index);
    } catch (error) {
      throw new StatementError(error, false);
    }
    const { client } = this;
    try {
      return await work(client);
    } catch (error) {
      this.client = undefined;
      client.end().catch(() => undefined); // given up: whether its goodbye arrives does not matter
      throw new StatementError(error, true);
    }
  }

  async close(): Promise<void> {
    await this.client?.end().catch(() => undefined); // the drill is over: so is the connection, either way
  }
}

class StatementError extends Error {
  constructor(
    cause: unknown,
    readonly sent: boolean,
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

const INSERT = `INSERT INTO ${METER_TABLE} (client, id) VALUES ($1, $2) RETURNING host(inet_server_addr()) AS address`;

const write = async (shared: Shared, session: Session, client: string, id: number): Promise<WriteEvent> => {
  const start = now();
  const event = { kind: 'write' as const, client, id, start };
  try {
    const { rows } = await session.run((c) => c.query<{ address: string }>(INSERT, [client, id]));
    const node = rows[0]?.address;
    shared.lastAcks.set(client, now());
    return { t: now(), ...event, outcome: 'acked', ...(node === undefined ? {} : { node }) };
  } catch (error) {
    const sent = error instanceof StatementError && error.sent;
    return { t: now(), ...event, outcome: sent ? 'unknown' : 'failed', error: String(error) };
  }
};

const writeLoop = async (shared: Shared, client: string, index: number): Promise<void> => {
  const session = new Session(shared, index);
  for (let id = 1; !shared.stopping; id++) {
    const event = await write(shared, session, client, id);
    shared.events.push(event);
    await sleep(event.outcome === 'acked' ? Math.max(0, event.start + WRITE_EVERY - now()) : RETRY);
  }
  await session.close();
};

/** Everything that is visible: per client the largest id, and the ids below it that are not there. */
const SEEN = `SELECT client, max(id)::int AS max, (SELECT coalesce(array_agg(g)::int[], '{}') FROM generate_series(1, max(m.id)) g
    WHERE NOT EXISTS (SELECT FROM ${METER_TABLE} x WHERE x.client = m.client AND x.id = g)) AS missing FROM ${METER_TABLE} m GROUP BY client`;

interface SeenRow {
  readonly client: string;
  readonly max: number;
  readonly missing: readonly number[];
}

const readLoop = async (shared: Shared, client: string, index: number): Promise<void> => {
  const session = new Session(shared, index);
  while (!shared.stopping) {
    const start = now();
    try {
      const { rows } = await session.run((c) => c.query<SeenRow>(SEEN));
      const maxIdPerClient = Object.fromEntries(rows.map((r) => [r.client, r.max]));
      const missing = Object.fromEntries(rows.map((r) => [r.client, r.missing]));
      shared.events.push({ t: now(), kind: 'read', client, start, ok: true, maxIdPerClient, missing });
    } catch (error) {
      shared.events.push({ t: now(), kind: 'read', client, start, ok: false, maxIdPerClient: {}, error: String(error) });
    }
    await sleep(READ_EVERY);
  }
  await session.close();
};

export const startClients = (lab: LabSettings, api: KubernetesApi, credentials: Credentials, options: ClientsOptions): Clients => {
  const shared: Shared = { lab, api, credentials, options, events: [], lastAcks: new Map(), stopping: false };
  const names = Array.from({ length: options.count }, (_, i) => `client-${i + 1}`);
  const loops = names.map((name, i) => writeLoop(shared, name, i));
  loops.push(readLoop(shared, 'reader', 0));
  return {
    names,
    events: shared.events,
    lastAcks: shared.lastAcks,
    stop: async () => {
      shared.stopping = true;
      await Promise.all(loops);
    },
  };
};
