/** What is in the cache after a drill, and what fills it in one. */
import { CACHE_MODES, streamOf } from '../../lib/drill/cache/history';
import { connectTo, discard, within, type CacheClient } from '../meter/cache-connection';
import { streamKey, type CacheMeterConfiguration } from '../meter/cache-configuration';

type Login = Omit<CacheMeterConfiguration, 'client'>;

const ANSWER_SECONDS = 10;

/** Runs with a connection to a node, as the application. */
export const withNode = async <T>(
  address: string,
  login: Login,
  work: (call: (...command: readonly string[]) => Promise<unknown>) => Promise<T>,
): Promise<T> => {
  const client: CacheClient = await connectTo(address, { ...login, connectSeconds: 3 });
  try {
    return await work((...command) => within(ANSWER_SECONDS, client.sendCommand([...command])));
  } finally {
    discard(client);
  }
};

/** Which ids of each stream are there, as the shards' masters have them; removed afterwards. A shard that can't be read is missing. */
export const presentIds = async (
  masters: readonly (string | null)[],
  login: Login,
  clients: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<number>>> => {
  const present = new Map<string, ReadonlySet<number>>();
  for (const [shard, master] of masters.entries()) {
    const tag = login.shards[shard]?.tag;
    if (master === null || tag === undefined) continue;
    await withNode(master, login, async (call) => {
      for (const client of clients) {
        for (const mode of CACHE_MODES) {
          const key = streamKey(login.prefix, client, mode, tag);
          const fields = await call('HKEYS', key);
          present.set(streamOf({ client, shard, mode }), new Set(Array.isArray(fields) ? fields.map(Number) : []));
          await call('UNLINK', key);
        }
      }
    });
  }
  return present;
};

const FILLER_BYTES = 1024 * 1024;

export const fillerKey = (login: Login, shard: number, n: number): string => `${login.prefix}:filler:${n}:{${login.shards[shard]?.tag ?? ''}}`;

/** Writes until the server refuses. @returns how many fillers fit */
export const fillMemory = (master: string, login: Login, shard: number, most: number): Promise<number> =>
  withNode(master, login, async (call) => {
    const value = 'x'.repeat(FILLER_BYTES);
    for (let n = 0; n < most; n++) {
      try {
        await call('SET', fillerKey(login, shard, n), value);
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('OOM')) return n;
        throw error;
      }
    }
    throw new Error(`the memory is not full after ${most} MiB: maxmemory is not in force`);
  });

export const freeMemory = (master: string, login: Login, shard: number, fillers: number): Promise<void> =>
  withNode(master, login, async (call) => {
    for (let n = 0; n < fillers; n++) await call('UNLINK', fillerKey(login, shard, n));
  });
