/** What clients of the cache saw, in figures. Pure. */
import { CACHE_MODES, streamOf, type CacheHistory, type CacheMode, type CacheWrite } from './history';

export interface ShardGap {
  readonly client: string;
  readonly shard: number;
  readonly mode: CacheMode;
  readonly seconds: number;
  /** No write was acknowledged any more until the end. */
  readonly open: boolean;
}

const writesOf = ({ events }: CacheHistory): readonly CacheWrite[] => events.filter((e) => e.kind === 'cache-write');

/** The longest time between two acknowledged writes of a stream that touches the time from the fault on. */
const gapOf = (acks: readonly number[], from: number, to: number): { readonly seconds: number; readonly open: boolean } => {
  const before = acks.filter((t) => t <= from).at(-1) ?? from;
  const after = acks.filter((t) => t > from && t <= to);
  const gaps = [before, ...after].map((t, i, all) => (all[i + 1] ?? t) - t);
  const last = to - (after.at(-1) ?? before);
  const longest = Math.max(0, ...gaps);
  return last > Math.max(longest, 1) ? { seconds: last, open: true } : { seconds: longest, open: false };
};

/** Of every client that can be served, every shard and mode. */
export const shardGaps = (history: CacheHistory): readonly ShardGap[] => {
  const writes = writesOf(history);
  const served = history.clients.filter((client) => !(client in history.excluded));
  const shards = Array.from({ length: history.shards }, (_, i) => i);
  return served.flatMap((client) =>
    shards.flatMap((shard) =>
      CACHE_MODES.map((mode) => {
        const acks = writes.filter((w) => w.outcome === 'acked' && w.client === client && w.shard === shard && w.mode === mode).map((w) => w.t);
        return { client, shard, mode, ...gapOf(acks, history.faultAt, history.endAt) };
      }),
    ),
  );
};

/**
 * Seconds from the fault until the last of the struck shards accepted a write on another node than before, by whichever client came first; null: one never did.
 * The gap is longer: it is that of the client who came last, and begins with its last write before the fault.
 */
export const firstAcceptedSeconds = (history: CacheHistory): number | null => {
  const writes = writesOf(history)
    .filter((w) => w.outcome === 'acked' && !(w.client in history.excluded))
    .sort((a, b) => a.t - b.t);
  const firsts = history.struck.map((shard) => {
    const ofShard = writes.filter((w) => w.shard === shard);
    const before = ofShard.findLast((w) => w.t <= history.faultAt)?.node;
    return ofShard.find((w) => w.t > history.faultAt && w.node !== before)?.t;
  });
  return firsts.includes(undefined) || firsts.length === 0 ? null : Math.max(...firsts.map((t) => (t ?? 0) - history.faultAt));
};

export interface CacheLoss {
  /** Writes that were acknowledged and are missing, by mode; null: a stream with acknowledged writes could not be read. */
  readonly lost: Readonly<Record<CacheMode, number | null>>;
  /** Of how many. */
  readonly acked: Readonly<Record<CacheMode, number>>;
}

export const losses = (history: CacheHistory): CacheLoss => {
  const acked = writesOf(history).filter((w) => w.outcome === 'acked');
  const missing = acked.filter((w) => history.present.get(streamOf(w))?.has(w.id) === false);
  const unread = acked.filter((w) => !history.present.has(streamOf(w)));
  const count = (list: readonly CacheWrite[], mode: CacheMode): number => list.filter((w) => w.mode === mode).length;
  const lostIn = (mode: CacheMode): number | null => (count(missing, mode) === 0 && count(unread, mode) > 0 ? null : count(missing, mode));
  return { lost: { wait: lostIn('wait'), plain: lostIn('plain') }, acked: { wait: count(acked, 'wait'), plain: count(acked, 'plain') } };
};

const accepted = (history: CacheHistory): readonly (CacheWrite & { readonly node: string })[] =>
  writesOf(history)
    .flatMap((w) => ((w.outcome === 'acked' || w.outcome === 'unconfirmed') && w.node !== null ? [{ ...w, node: w.node }] : []))
    .sort((a, b) => a.t - b.t);

/** Two nodes that take turns within so short a time accept writes of one shard side by side; a handover does not go back and forth. */
const SIDE_BY_SIDE_SECONDS = 1;

/** The largest number of nodes that accepted writes of one shard at the same time. */
export const mastersAtOnce = (history: CacheHistory): number => {
  const writes = accepted(history);
  const sideBySide = Array.from({ length: history.shards }, (_, shard) => writes.filter((w) => w.shard === shard)).some((ofShard) => {
    const lastBy = new Map<string, number>();
    return ofShard.some((w, i) => {
      const previous = ofShard[i - 1];
      const last = lastBy.get(w.node);
      lastBy.set(w.node, w.t);
      return previous !== undefined && previous.node !== w.node && last !== undefined && w.t - last < SIDE_BY_SIDE_SECONDS;
    });
  });
  return sideBySide ? 2 : writes.length > 0 ? 1 : 0;
};

/** Masters of shards that the fault did not strike and that changed all the same. */
export const falseFailovers = (history: CacheHistory): number => {
  const writes = accepted(history);
  const others = Array.from({ length: history.shards }, (_, i) => i).filter((shard) => !history.struck.includes(shard));
  return others.reduce((sum, shard) => sum + Math.max(0, new Set(writes.filter((w) => w.shard === shard).map((w) => w.node)).size - 1), 0);
};

/** How long a client beside the isolated master was still told that its writes succeeded, after the fault; null: there is none. */
export const isolatedSeconds = (history: CacheHistory): number | null => {
  const beside = Object.keys(history.excluded);
  const acks = writesOf(history).filter(
    (w) =>
      w.outcome === 'acked' &&
      w.mode === 'plain' &&
      beside.includes(w.client) &&
      history.struck.includes(w.shard) &&
      w.t > history.faultAt &&
      w.t < history.healedAt,
  );
  return beside.length === 0 ? null : Math.max(0, ...acks.map((w) => w.t - history.faultAt));
};

/** Whether every client was served on every shard and in every mode just before the fault: without that, nothing can be judged. */
export const unservedBefore = (history: CacheHistory): readonly string[] => {
  const acks = new Set(
    writesOf(history)
      .filter((w) => w.outcome === 'acked' && w.t <= history.faultAt && w.t > history.faultAt - 1)
      .map(streamOf),
  );
  const streams = history.clients.flatMap((client) =>
    Array.from({ length: history.shards }, (_, shard) => CACHE_MODES.map((mode) => streamOf({ client, shard, mode }))).flat(),
  );
  return streams.filter((stream) => !acks.has(stream));
};
