/**
 * A client of the cache, from inside one node's network: for every shard one stream of writes that are followed by WAIT, and one of plain writes; and reads.
 * Each stream keeps one connection to whom it believes the shard's master to be. What the outcomes mean: lib/drill/cache/history.ts.
 */
import type { CacheMode, CacheOutcome } from '../../lib/drill/cache/history';
import { streamKey, type CacheMeterConfiguration } from './cache-configuration';
import { connectTo, discard, isRefusal, within, type CacheClient, type CacheLogin } from './cache-connection';
import { loginSource } from './cache-login';
import { CacheTopology } from './cache-topology';
import { now } from './clock';
import { configuration, emit, messageOf } from './emit';

/** Pause after an error, as an application's retry has it. */
const RETRY_MS = 50;
/** How soon, at most, a connection follows changed credentials, and how long it takes for that. */
const FOLLOW_WITHIN_SECONDS = 1.5;
const FOLLOW_CONNECT_SECONDS = 3;

const config = configuration() as CacheMeterConfiguration;
const login = loginSource(config);
const topology = new CacheTopology(config, login, config.seeds.length - 1);
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A connection to the shard's master, made anew whenever it failed, and whenever the master is another one. */
class MasterConnection {
  private client: CacheClient | undefined;
  /** The node refused: perhaps it is not the master any more. */
  private doubted = false;
  private login: CacheLogin = login();
  private followAt: number | undefined;
  address: string | null = null;

  constructor(private readonly shard: number) {}

  async open(): Promise<CacheClient> {
    // Ended by the server while nothing was under way: libraries connect again without telling anybody.
    if (this.client?.isReady === false) this.drop();
    if (this.client !== undefined && !this.doubted) return this.followCredentials(this.client);
    await topology.refresh();
    const address = topology.masterOf(this.shard);
    if (address === undefined) throw new Error('no node tells where the shard is');
    if (this.client === undefined || address !== this.address) {
      this.drop();
      this.address = address;
      this.login = login();
      this.client = await connectTo(address, this.login);
    }
    this.doubted = false;
    return this.client;
  }

  /** When the credentials have changed, a new connection is there before the old one is given up. */
  private async followCredentials(client: CacheClient): Promise<CacheClient> {
    const next = login();
    if (next === this.login || this.address === null) return client;
    // Not all connections of an application are made anew in the same moment.
    this.followAt ??= now() + Math.random() * FOLLOW_WITHIN_SECONDS;
    if (now() < this.followAt) return client;
    this.followAt = undefined;
    const event = { kind: 'login', client: config.client, start: now(), user: `cache/${next.user}` };
    try {
      // Nothing waits for it but the next write: the old connection is still there.
      this.client = await connectTo(this.address, { ...next, connectSeconds: FOLLOW_CONNECT_SECONDS });
      this.login = next;
      discard(client);
      emit({ t: now(), ...event, ok: true });
      return this.client;
    } catch (error) {
      // The old one may still be good: it is used until the new one is.
      emit({ t: now(), ...event, ok: false, error: messageOf(error) });
      return client;
    }
  }

  /** After a refusal: as client libraries do, the slots are asked for again, and the connection is kept while they stay where they were. */
  doubt(): void {
    this.doubted = true;
  }

  drop(): void {
    if (this.client !== undefined) discard(this.client);
    this.client = undefined;
  }
}

interface Outcome {
  readonly outcome: CacheOutcome;
  readonly error?: string;
}

const accept = async (client: CacheClient, mode: CacheMode, key: string, id: number): Promise<Outcome> => {
  const write = client.sendCommand(['HSET', key, String(id), '1']);
  if (mode === 'plain') {
    await within(config.giveUpSeconds, write);
    return { outcome: 'acked' };
  }
  const confirmation = client.sendCommand(['WAIT', String(config.waitReplicas), String(Math.round(config.waitSeconds * 1000))]);
  confirmation.catch(() => undefined); // awaited below, unless the write itself fails first
  await within(config.giveUpSeconds, write);
  try {
    const replicas = Number(await within(config.giveUpSeconds, confirmation));
    return replicas >= config.waitReplicas ? { outcome: 'acked' } : { outcome: 'unconfirmed', error: `WAIT: ${replicas} of ${config.waitReplicas}` };
  } catch (error) {
    return { outcome: 'unconfirmed', error: messageOf(error) };
  }
};

const write = async (connection: MasterConnection, mode: CacheMode, key: string, id: number): Promise<Outcome> => {
  let client: CacheClient;
  try {
    client = await connection.open();
  } catch (error) {
    return { outcome: 'failed', error: messageOf(error) };
  }
  try {
    return await accept(client, mode, key, id);
  } catch (error) {
    if (!isRefusal(error)) {
      connection.drop();
      return { outcome: 'unknown', error: messageOf(error) };
    }
    // A full memory is no reason to look for another master, nor is it for client libraries.
    if (!messageOf(error).startsWith('OOM')) connection.doubt();
    return { outcome: 'refused', error: messageOf(error) };
  }
};

const writeLoop = async (shard: number, mode: CacheMode, tag: string): Promise<void> => {
  const connection = new MasterConnection(shard);
  const key = streamKey(config.prefix, config.client, mode, tag);
  let due = now();
  for (let id = 1; !stopping; id++) {
    const start = now();
    const result = await write(connection, mode, key, id);
    if (result.error !== undefined && result.outcome === 'unconfirmed' && !result.error.startsWith('WAIT:')) connection.drop();
    emit({ kind: 'cache-write', t: now(), start, client: config.client, shard, mode, id, node: connection.address, ...result });
    due = Math.max(due + config.writeEverySeconds, now());
    await pause(result.outcome === 'acked' ? Math.max(0, (due - now()) * 1000) : RETRY_MS);
  }
  connection.drop();
};

const readLoop = async (shard: number, tag: string): Promise<void> => {
  const connection = new MasterConnection(shard);
  while (!stopping) {
    const event = { kind: 'cache-read', client: config.client, shard };
    try {
      const client = await connection.open();
      await within(config.giveUpSeconds, client.sendCommand(['HLEN', streamKey(config.prefix, config.client, 'plain', tag)]));
      emit({ ...event, t: now(), ok: true });
    } catch (error) {
      if (isRefusal(error)) connection.doubt();
      else connection.drop();
      emit({ ...event, t: now(), ok: false, error: messageOf(error) });
    }
    await pause(config.readEverySeconds * 1000);
  }
  connection.drop();
};

Promise.all(config.shards.flatMap(({ tag }, shard) => [writeLoop(shard, 'wait', tag), writeLoop(shard, 'plain', tag), readLoop(shard, tag)])).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`cache writer ${config.client}: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
