/** Logging in at nodes of the cache, as those do whose passwords are rotated. */
import { CACHE_PORT } from '../../lib/topology/cache-placement';
import { cacheClient } from '../cache-client';
import type { Attempt } from './logins';

const TIMEOUT_MS = 4_000;

export interface CacheLogin {
  readonly user: string;
  readonly password: string;
}

/** Sends one command, and gives its answer. */
export type Call = (...command: readonly string[]) => Promise<unknown>;

/** Pods are reached by address, which no certificate carries: the chain is verified, the name is not. */
const clientOf = (host: string, { user, password }: CacheLogin, ca: string) =>
  cacheClient({
    username: user,
    password,
    disableOfflineQueue: true,
    disableClientInfo: true,
    commandOptions: { timeout: TIMEOUT_MS },
    socket: { host, port: CACHE_PORT, tls: true, ca, checkServerIdentity: () => undefined, connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
  });

/** @throws Error when the node is not reached, or does not let it in */
export const atNode = async <T>(host: string, login: CacheLogin, ca: string, work: (call: Call) => Promise<T>): Promise<T> => {
  const client = clientOf(host, login, ca);
  client.on('error', () => undefined); // the command that meets it tells
  try {
    await client.connect();
    return await work((...command) => client.sendCommand([...command]));
  } finally {
    if (client.isOpen) client.destroy();
  }
};

/** Whether a password is good at a node. */
export const knockAtCache = async (host: string, login: CacheLogin, ca: string): Promise<Attempt> => {
  try {
    await atNode(host, login, ca, (call) => call('PING'));
    return { kind: 'let in' };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { kind: /^-?WRONGPASS/.test(because) ? 'refused' : 'no answer', because };
  }
};
