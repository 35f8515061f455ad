/** One connection to one node of the cache, from inside the lab's network. */
import { RedisClient } from '@redis/client';

export interface CacheLogin {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Null: whoever answers is believed. */
  readonly ca: string | null;
  readonly connectSeconds: number;
}

/** One class for all connections: `createClient` makes one anew, with every command, whenever its options differ from the last ones. */
const factory = RedisClient.factory({ RESP: 2 });
const makeClient = (options: NonNullable<Parameters<typeof factory>[0]>) => {
  // The class knows the protocol for replies, the options for the greeting.
  const complete = { ...options, RESP: 2 };
  return factory(complete);
};

/** Nodes are met by address, and certificates carry names: the chain is verified, the name is not. */
export const cacheClient = (address: string, login: CacheLogin) =>
  makeClient({
    username: login.user,
    password: login.password,
    disableOfflineQueue: true,
    disableClientInfo: true,
    socket: {
      host: address,
      port: login.port,
      tls: true,
      ...(login.ca === null ? { rejectUnauthorized: false } : { ca: login.ca }),
      checkServerIdentity: () => undefined,
      connectTimeout: login.connectSeconds * 1000,
      reconnectStrategy: false,
    },
  });
export type CacheClient = ReturnType<typeof cacheClient>;

/** @throws Error when the node is not reached in time */
export const connectTo = async (address: string, login: CacheLogin): Promise<CacheClient> => {
  const client = cacheClient(address, login);
  client.on('error', () => undefined); // the command that meets it tells
  try {
    await within(login.connectSeconds, client.connect());
  } catch (error) {
    discard(client);
    throw error;
  }
  return client;
};

/** Ends a connection that may never have been one. */
export const discard = (client: CacheClient): void => {
  try {
    client.destroy();
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ClientClosedError')) throw error; // closed already: what was wanted
  }
};

/** @throws Error when the answer takes longer */
export const within = async <T>(seconds: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new LateError(`no answer within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

export class LateError extends Error {}

/** The server said no; anything else leaves it open whether it did what was asked. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && /^-?[A-Z]{2,} /.test(error.message) && !(error instanceof LateError);
