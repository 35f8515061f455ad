/** What the cache's meters write, one JSON object per line, and what is known besides. Pure. */

/** `wait`: a write followed by WAIT on the same connection; `plain`: without. */
export const CACHE_MODES = ['wait', 'plain'] as const;
export type CacheMode = (typeof CACHE_MODES)[number];

/**
 * - `acked`: accepted, and in mode `wait` confirmed by as many replicas as asked for.
 * - `unconfirmed`: accepted, but WAIT returned fewer replicas: the client has to treat it as not done.
 * - `refused`: the server said no: certainly not applied.
 * - `failed`: never sent. `unknown`: sent, and no answer came.
 */
export type CacheOutcome = 'acked' | 'unconfirmed' | 'refused' | 'failed' | 'unknown';

export interface CacheWrite {
  readonly kind: 'cache-write';
  /** Seconds since the epoch, when the outcome was known. */
  readonly t: number;
  readonly start: number;
  readonly client: string;
  readonly shard: number;
  readonly mode: CacheMode;
  readonly id: number;
  readonly outcome: CacheOutcome;
  /** Address of the node that answered; null where none did. */
  readonly node: string | null;
  readonly error?: string;
}

export interface CacheRead {
  readonly kind: 'cache-read';
  readonly t: number;
  readonly client: string;
  readonly shard: number;
  readonly ok: boolean;
  readonly error?: string;
}

export type CacheEvent = CacheWrite | CacheRead;

/** One stream of writes: a client, a shard, a mode. */
export const streamOf = ({ client, shard, mode }: Pick<CacheWrite, 'client' | 'shard' | 'mode'>): string => `${client}/${shard}/${mode}`;

export const parseCacheEvents = (lines: readonly string[]): readonly CacheEvent[] => lines.map((line) => JSON.parse(line) as CacheEvent);

/** Everything about one run that is judged. */
export interface CacheHistory {
  readonly events: readonly CacheEvent[];
  readonly clients: readonly string[];
  readonly shards: number;
  /** Shards whose masters the fault strikes. */
  readonly struck: readonly number[];
  /** Clients beside what the fault strikes, with the reason: they can't be served, but what they were told counts. */
  readonly excluded: Readonly<Record<string, string>>;
  readonly faultAt: number;
  /** When the fault was undone. */
  readonly healedAt: number;
  readonly endAt: number;
  /** When the cache was whole again; null: not within the drill. */
  readonly healthyAt: number | null;
  /** Which ids of each stream are there in the end, by `streamOf`; a stream that could not be read is missing. */
  readonly present: ReadonlyMap<string, ReadonlySet<number>>;
  /** Meters that ended early. */
  readonly dead: readonly string[];
}
