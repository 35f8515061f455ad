/** Connections to the nodes of the cache: one each, made when it is needed, dropped when an answer does not come in time. */
import { readFileSync } from 'node:fs';
import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import { cacheHost } from '../../lib/services/cache-keeper';
import { cacheClient } from '../cache-client';

export type Reply = string | number | null | readonly Reply[];

/** Sends commands to one node at a time. */
export interface Connections {
  /** @throws Error when the node can't be reached, refuses, or does not answer in time */
  readonly call: (pod: string, command: readonly string[]) => Promise<Reply>;
  readonly close: () => void;
}

/** TLS with every node at once, right after the start, takes longer than an answer. */
const CONNECT_FACTOR = 2;

type Client = ReturnType<typeof makeClient>;

const makeClient = (config: CacheKeeperConfig, password: string, pod: string) =>
  cacheClient({
    username: config.user,
    password,
    disableOfflineQueue: true,
    disableClientInfo: true,
    socket: {
      host: cacheHost(pod),
      port: config.port,
      tls: true,
      servername: cacheHost(pod),
      // Read anew for every connection: certificates are renewed while the keeper runs.
      ca: readFileSync(config.ca, 'utf8'),
      connectTimeout: CONNECT_FACTOR * config.requestTimeoutSeconds * 1000,
      reconnectStrategy: false,
    },
  });

const isReply = (value: unknown): value is Reply =>
  value === null || typeof value === 'string' || typeof value === 'number' || (Array.isArray(value) && value.every(isReply));

const within = async <T>(seconds: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what}: no answer within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** @param password asked for with each new connection */
export const openConnections = (config: CacheKeeperConfig, password: () => string): Connections => {
  const clients = new Map<string, Promise<Client>>();

  const connect = async (pod: string): Promise<Client> => {
    const client = makeClient(config, password(), pod);
    client.on('error', () => undefined); // the command that meets it tells, and drops the connection
    await client.connect();
    return client;
  };
  const drop = (pod: string, connecting: Promise<Client>): void => {
    if (clients.get(pod) === connecting) clients.delete(pod);
    connecting.then((client) => client.destroy()).catch(() => undefined); // was never connected, or is closed already
  };
  return {
    call: async (pod, command) => {
      const connecting = clients.get(pod) ?? connect(pod);
      clients.set(pod, connecting);
      try {
        const client = await within(CONNECT_FACTOR * config.requestTimeoutSeconds, pod, connecting);
        const reply: unknown = await within(config.requestTimeoutSeconds, pod, client.sendCommand([...command]));
        if (!isReply(reply)) throw new Error(`${pod}: an answer of an unknown kind to ${command[0] ?? ''}`);
        return reply;
      } catch (error) {
        // A refusal is an answer; anything else leaves the connection in doubt.
        if (!isRefusal(error)) drop(pod, connecting);
        throw error;
      }
    },
    close: () => {
      for (const [pod, connecting] of clients) drop(pod, connecting);
    },
  };
};

/** The server said no: an upper-case word first, as in `ERR ...` or `NOAUTH ...`. */
const isRefusal = (error: unknown): boolean => error instanceof Error && /^[A-Z]+ /.test(error.message);
