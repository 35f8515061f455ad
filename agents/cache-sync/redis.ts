/** The ports on Redis or Valkey, over TLS. */
import { readFileSync } from 'node:fs';
import { createClient, createCluster, RESP_TYPES } from '@redis/client';
import type { CacheEndpoint } from '../../lib/services/cache-sync-config';
import type { Connect, Copy, NodeConnection, Page, TargetCache } from './ports';
import { holds, mastersOf, slotOf, type Master } from './topology';

const PING_MS = 1000;
const SCAN_COUNT = '500';
const NO_EXPIRY = -1;
const BYTES = { [RESP_TYPES.BLOB_STRING]: Buffer };

const socketOf = (endpoint: CacheEndpoint, timeoutMs: number) => ({
  tls: true as const,
  ca: readFileSync(endpoint.ca, 'utf8'),
  // Nodes announce addresses, certificates carry names: the chain is verified, the name is not.
  checkServerIdentity: () => undefined,
  connectTimeout: timeoutMs,
  // A peer that is silent although it is pinged is lost.
  socketTimeout: Math.max(3 * PING_MS, timeoutMs),
});

const credentialsOf = (endpoint: CacheEndpoint) => ({ username: endpoint.username, password: readFileSync(endpoint.passwordFile, 'utf8').trim() });

const pageOf = (reply: unknown): Page => {
  const [cursor, keys] = reply as readonly [Buffer | string, readonly Buffer[]];
  return { cursor: cursor.toString(), keys };
};

const textOf = (reply: unknown): string => {
  if (typeof reply !== 'string') throw new Error(`a text was expected, given ${typeof reply}`);
  return reply;
};

/** @throws Error when the node can't be reached, or refuses the user */
const open = async (endpoint: CacheEndpoint, address: { readonly host: string; readonly port: number }, timeoutMs: number) => {
  const client = createClient({
    RESP: 3,
    emitInvalidate: true,
    ...credentialsOf(endpoint),
    pingInterval: PING_MS,
    disableOfflineQueue: true,
    socket: { ...socketOf(endpoint, timeoutMs), host: address.host, port: address.port, reconnectStrategy: false },
  });
  const lost = new Promise<string>((resolve) => {
    client.on('error', (error: unknown) => resolve(error instanceof Error ? error.message : String(error)));
    client.on('end', () => resolve('the connection was closed'));
  });
  await client.connect();
  return { client, lost };
};
type Client = Awaited<ReturnType<typeof open>>['client'];

const close = (client: Client): void => {
  if (client.isOpen) client.destroy();
};

export const connectNode =
  (endpoint: CacheEndpoint, timeoutMs: number): Connect =>
  async (master): Promise<NodeConnection> => {
    const { client, lost } = await open(endpoint, master, timeoutMs);
    const bytes = client.withTypeMapping(BYTES);
    return {
      lost,
      close: () => close(client),
      track: async (onChange) => {
        client.on('invalidate', (key: Buffer | string | null) => onChange(typeof key === 'string' ? Buffer.from(key) : key));
        // The library turns tracking on for the keys that are read: here all are told of, read or not.
        await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
        await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'NOLOOP']);
      },
      scan: async (cursor) => pageOf(await bytes.sendCommand(['SCAN', cursor, 'COUNT', SCAN_COUNT])),
      copies: (keys) => Promise.all(keys.map((key) => copyOf(bytes, key))),
      exist: async (keys) => (await Promise.all(keys.map((key) => bytes.sendCommand(['EXISTS', key])))).map((reply) => Number(reply) === 1),
    };
  };

/** A key that changes between the two questions is told of again. */
const copyOf = async (bytes: Pick<Client, 'sendCommand'>, key: Buffer): Promise<Copy | null> => {
  const [value, expiry] = await Promise.all([bytes.sendCommand(['DUMP', key]), bytes.sendCommand(['PEXPIRETIME', key])]);
  const expiresAt = Number(expiry);
  return value === null || expiresAt < NO_EXPIRY ? null : { value: value as unknown as Buffer, expiresAt: Math.max(0, expiresAt) };
};

/** What is asked of another region's cache, besides its keys. */
export interface SourceCluster {
  masters(): Promise<readonly Master[]>;
  get(key: string): Promise<string | null>;
  close(): void;
}

/**
 * Another region's cluster. Its nodes are reached by the addresses that they tell: the names that clients are sent to are the same in every region, and lead to
 * this region's own nodes.
 * @throws Error when no seed answers
 */
export const openSource = async (endpoint: CacheEndpoint, timeoutMs: number): Promise<SourceCluster> => {
  let seed = (await openAny(endpoint, timeoutMs)).client;
  const byAddress = new Map<string, Client>();
  const anyNode = async (): Promise<Client> => {
    if (!seed.isReady) seed = (await openAny(endpoint, timeoutMs)).client;
    return seed;
  };
  const clientAt = async (master: Master): Promise<Client> => {
    const address = `${master.host}:${master.port}`;
    const known = byAddress.get(address);
    if (known?.isReady === true) return known;
    const opened = (await open(endpoint, master, timeoutMs)).client;
    byAddress.set(address, opened);
    return opened;
  };
  let masters: readonly Master[] = [];
  return {
    masters: async () => {
      masters = mastersOf(textOf(await (await anyNode()).sendCommand(['CLUSTER', 'NODES'])));
      return masters;
    },
    get: async (key) => {
      const slot = slotOf(Buffer.from(key));
      const master = masters.find((one) => holds(one, slot));
      if (master === undefined) throw new Error(`no master holds the slot of ${key}`);
      const value: unknown = await (await clientAt(master)).sendCommand(['GET', key]);
      return typeof value === 'string' ? value : null;
    },
    close: () => [seed, ...byAddress.values()].forEach(close),
  };
};

/** A cluster as a whole: finds the node for a key, and finds it again when it moves. */
export interface Cluster extends TargetCache {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, expireSeconds: number): Promise<void>;
  close(): void;
}

/** @throws Error when no seed answers */
export const openCluster = async (endpoint: CacheEndpoint, timeoutMs: number, onError: (error: unknown) => void): Promise<Cluster> => {
  const cluster = createCluster({
    RESP: 3,
    rootNodes: endpoint.seeds.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: { ...credentialsOf(endpoint), pingInterval: PING_MS, socket: { ...socketOf(endpoint, timeoutMs), reconnectStrategy: () => PING_MS / 2 } },
  });
  cluster.on('error', onError);
  try {
    await cluster.connect();
  } catch (error) {
    cluster.destroy();
    throw error;
  }
  const clientOf = async (master: Master) => {
    // By its id: the library knows nodes by the names that they announce, CLUSTER NODES by their addresses.
    const node = cluster.masters.find(({ id }) => id === master.id);
    if (node === undefined) throw new Error(`${master.host}:${master.port} is not known as a master`);
    return cluster.nodeClient(node);
  };
  return {
    put: async (key, { value, expiresAt }) => void (await cluster.sendCommand(key, false, ['RESTORE', key, String(expiresAt), value, 'REPLACE', 'ABSTTL'])),
    remove: async (key) => void (await cluster.sendCommand(key, false, ['UNLINK', key])),
    publish: async (channel, message) => void (await cluster.sendCommand(undefined, false, ['PUBLISH', channel, message])),
    masters: async () => mastersOf(textOf(await cluster.sendCommand(undefined, true, ['CLUSTER', 'NODES']))),
    scan: async (master, cursor) => pageOf(await (await clientOf(master)).withTypeMapping(BYTES).sendCommand(['SCAN', cursor, 'COUNT', SCAN_COUNT])),
    get: async (key) => {
      const value: unknown = await cluster.sendCommand(key, true, ['GET', key]);
      return typeof value === 'string' ? value : null;
    },
    set: async (key, value, expireSeconds) => void (await cluster.sendCommand(key, false, ['SET', key, value, 'EX', String(expireSeconds)])),
    close: () => cluster.destroy(),
  };
};

/** Messages on these patterns of channels, until the connection is lost or `stop`. @throws Error when it can't be made, or is lost */
export const subscribe = async (
  endpoint: CacheEndpoint,
  patterns: readonly string[],
  timeoutMs: number,
  stop: AbortSignal,
  handlers: { readonly onSubscribed: () => Promise<void>; readonly onMessage: (channel: string, message: Buffer) => void },
): Promise<void> => {
  const { client, lost } = await openAny(endpoint, timeoutMs);
  try {
    await client.pSubscribe([...patterns], (message: Buffer, channel: Buffer) => handlers.onMessage(channel.toString(), message), true);
    await handlers.onSubscribed();
    const stopped = new Promise<undefined>((resolve) => stop.addEventListener('abort', () => resolve(undefined), { once: true }));
    const why = stop.aborted ? undefined : await Promise.race([lost, stopped]);
    if (why !== undefined) throw new Error(why);
  } finally {
    close(client);
  }
};

/** The first seed that answers. @throws Error with what each of them said */
const openAny = async (endpoint: CacheEndpoint, timeoutMs: number) => {
  const refusals: string[] = [];
  for (const seed of endpoint.seeds) {
    try {
      return await open(endpoint, seed, timeoutMs);
    } catch (error) {
      refusals.push(`${seed.host}:${seed.port}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`no node answers: ${refusals.join('; ')}`);
};
