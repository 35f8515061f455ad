/** Heartbeat keys: the writer's region writes the time into every shard, so that whoever copies them can tell how far behind it is. */
import { keyIn, type Master } from './topology';

export const HEARTBEAT_PREFIX = 'holdfast:heartbeat:';
/** A heartbeat outlives any outage that one would still measure. */
const EXPIRE_SECONDS = 86_400;

interface Keys {
  masters(): Promise<readonly Master[]>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, expireSeconds: number): Promise<void>;
}

/** One key per shard, by the slots that the writer's shards hold: the same names in both regions. */
export const heartbeatKeys = (masters: readonly Master[]): readonly string[] => masters.map(({ slots }) => keyIn(HEARTBEAT_PREFIX, slots));

/** @returns how many shards have it */
export const beat = async (cache: Keys, keys: readonly string[], nowMs: number): Promise<number> => {
  const written = await Promise.allSettled(keys.map((key) => cache.set(key, String(nowMs), EXPIRE_SECONDS)));
  return written.filter(({ status }) => status === 'fulfilled').length;
};

export interface Heartbeats {
  /** Of the shard that is furthest ahead: is there a writer at all? Milliseconds since the epoch. */
  readonly newest: number | null;
  /** Of the shard that is furthest behind; null: a shard has none. */
  readonly oldest: number | null;
}

/** A shard that does not answer counts as one without a heartbeat. */
export const heartbeats = async (cache: Pick<Keys, 'get'>, keys: readonly string[]): Promise<Heartbeats> => {
  const read = await Promise.allSettled(keys.map((key) => cache.get(key)));
  const times = read.map((one) => (one.status === 'fulfilled' && one.value !== null ? Number(one.value) : null));
  const known = times.filter((time) => time !== null);
  return { newest: known.length === 0 ? null : Math.max(...known), oldest: known.length < times.length || known.length === 0 ? null : Math.min(...known) };
};

const PREFIX = Buffer.from(HEARTBEAT_PREFIX);

/** Seconds from the writing of a heartbeat until now, if the key is one. */
export const delayOf = async (cache: Pick<Keys, 'get'>, key: Buffer, nowMs: () => number): Promise<number | undefined> => {
  if (!key.subarray(0, PREFIX.length).equals(PREFIX)) return undefined;
  const written = await cache.get(key.toString());
  return written === null ? undefined : Math.max(0, (nowMs() - Number(written)) / 1000);
};
