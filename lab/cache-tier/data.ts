/** What is in the cache after a drill, and what fills it in one. */
import { CACHE_MODES, streamOf } from '../../lib/drill/cache/history';
import { sleep } from '../exec';
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

/** The large ones first: what is left when one of them is refused is filled with smaller ones. */
const FILLER_BYTES = [1024 * 1024, 32 * 1024, 1024, 64];
const REFILL_EVERY_SECONDS = 0.05;

const tagged = (login: Login, shard: number, kind: string, n: number | '*'): string => `${login.prefix}:${kind}:${n}:{${login.shards[shard]?.tag ?? ''}}`;
/** What the fillers are removed by. */
export const fillerPattern = (login: Login, shard: number): string => tagged(login, shard, 'filler', '*');

/** A memory that is kept full. */
export interface FullMemory {
  /** MiB of fillers that fitted. */
  readonly mebibytes: number;
  /** Ends the refilling. @throws what it met other than a refusal */
  readonly release: () => Promise<void>;
}

const isOutOfMemory = (error: unknown): boolean => error instanceof Error && error.message.startsWith('OOM');

/** One filler of a size. @returns false when the server refuses */
const fill = async (call: (...command: readonly string[]) => Promise<unknown>, key: string, bytes: number): Promise<boolean> => {
  try {
    await call('SET', key, 'x'.repeat(bytes));
    return true;
  } catch (error) {
    if (isOutOfMemory(error)) return false;
    throw error;
  }
};

/**
 * Writes until the server refuses even a small value, and goes on: buffers that connections give back, this one's too, would be room for others.
 * @param most more mebibytes than this are not the master's memory any more
 */
export const fillMemory = async (master: string, login: Login, shard: number, most: number): Promise<FullMemory> => {
  let n = 0;
  let bytes = 0;
  const fillUp = (): Promise<void> =>
    withNode(master, login, async (call) => {
      for (const size of FILLER_BYTES) {
        while (await fill(call, tagged(login, shard, 'filler', n), size)) {
          n++;
          bytes += size;
          if (bytes > most * 1024 * 1024) throw new Error(`the memory is not full after ${most} MiB: maxmemory is not in force`);
        }
      }
    });
  await fillUp();
  let full = true;
  const refilling = withNode(master, login, async (call) => {
    while (full) {
      for (const size of FILLER_BYTES.slice(1)) while (full && (await fill(call, tagged(login, shard, 'filler', n), size))) n++;
      await sleep(REFILL_EVERY_SECONDS);
    }
  });
  refilling.catch(() => undefined); // told by release
  return {
    mebibytes: bytes / (1024 * 1024),
    release: () => {
      full = false;
      return refilling;
    },
  };
};

/** A session lives for an hour; the drill removes them earlier. */
const SESSION_SECONDS = 3600;

export const writeSessions = (master: string, login: Login, shard: number, count: number): Promise<void> =>
  withNode(master, login, async (call) => {
    for (let n = 0; n < count; n++) await call('SET', tagged(login, shard, 'session', n), JSON.stringify({ user: n }), 'EX', String(SESSION_SECONDS));
  });

/** How many of them can be read; removed afterwards. */
export const takeSessions = (master: string, login: Login, shard: number, count: number): Promise<number> =>
  withNode(master, login, async (call) => {
    let found = 0;
    for (let n = 0; n < count; n++) found += (await call('GETDEL', tagged(login, shard, 'session', n))) === null ? 0 : 1;
    return found;
  });
