/** Which node of the cache runs in which AZ and holds which shard. Pure: charts, keeper, rules and lab all take it from here. */
import { majority } from './derive';
import type { Cache, Region } from './types';

export const HASH_SLOTS = 16_384;
/** Fewer have no majority left after a loss; more nodes than this gossip too much. */
export const SHARDS = { least: 3, most: 300 } as const;
export const CACHE_PORT = 6379;
/** Where the nodes talk to each other. */
export const CACHE_BUS_PORT = 16_379;

/** One node of the cache, a pod of its AZ's StatefulSet. */
export interface CachePod {
  /** `cache-a-0` */
  readonly name: string;
  readonly zone: string;
  /** The AZ's StatefulSet, `cache-a`. */
  readonly set: string;
  readonly ordinal: number;
  /** 0-based. */
  readonly shard: number;
  /** 0: the shard's master when all is well; 1 and up: its replicas. */
  readonly copy: number;
}

/** Inclusive. */
export type SlotRange = readonly [from: number, to: number];

export const cacheSetName = (zone: string): string => `cache-${zone.slice(-1)}`;
/** On the pods of each AZ's StatefulSet. */
export const CACHE_SET_LABEL = 'holdfast.dev/set';
export const copiesPerShard = (cache: Pick<Cache, 'replicasPerMaster'>): number => cache.replicasPerMaster + 1;

/** The slots of one shard, as evenly as they divide. */
export const slotsOfShard = (shard: number, shards: number): SlotRange => [
  Math.ceil((shard * HASH_SLOTS) / shards),
  Math.ceil(((shard + 1) * HASH_SLOTS) / shards) - 1,
];

type Sizes = Pick<Cache, 'shards' | 'replicasPerMaster'>;

/**
 * Copy k of shard s is in AZ (s + k) modulo the number of AZs: the masters are spread evenly, and the copies of a shard are in different AZs as long as there are
 * as many AZs as copies. Within an AZ the masters come first.
 */
export const cachePlacement = (cache: Sizes, zones: readonly string[]): readonly CachePod[] =>
  zones.flatMap((zone, z) => {
    const held = range(copiesPerShard(cache)).flatMap((copy) =>
      range(cache.shards)
        .filter((shard) => (shard + copy) % zones.length === z)
        .map((shard) => ({ shard, copy })),
    );
    return held.map(({ shard, copy }, ordinal) => ({ name: `${cacheSetName(zone)}-${ordinal}`, zone, set: cacheSetName(zone), ordinal, shard, copy }));
  });

export const cachePods = (cache: Sizes, region: Region): readonly CachePod[] => cachePlacement(cache, region.zones);

/** What losing one AZ leaves. */
export interface ZoneLoss {
  readonly zone: string;
  readonly mastersLeft: number;
  /** Whether those masters can still vote a replica in. */
  readonly majorityLeft: boolean;
  /** Shards without any copy. */
  readonly shardsLost: readonly number[];
  /** Of the shard that is left with the fewest copies. */
  readonly fewestCopiesLeft: number;
}

/** Of every AZ in turn, with the masters where they are when all is well. */
export const zoneLosses = (cache: Sizes, zones: readonly string[]): readonly ZoneLoss[] => {
  const pods = cachePlacement(cache, zones);
  return zones.map((zone) => {
    const left = pods.filter((pod) => pod.zone !== zone);
    const mastersLeft = left.filter((pod) => pod.copy === 0).length;
    const copies = range(cache.shards).map((shard) => left.filter((pod) => pod.shard === shard).length);
    return {
      zone,
      mastersLeft,
      majorityLeft: mastersLeft >= majority(cache.shards),
      shardsLost: copies.flatMap((n, shard) => (n === 0 ? [shard] : [])),
      fewestCopiesLeft: Math.min(...copies),
    };
  });
};

/** Shards with two copies in one AZ. */
export const crowdedShards = (cache: Sizes, zones: readonly string[]): readonly { readonly shard: number; readonly zone: string }[] => {
  const pods = cachePlacement(cache, zones);
  return range(cache.shards).flatMap((shard) =>
    zones.filter((zone) => pods.filter((pod) => pod.shard === shard && pod.zone === zone).length > 1).map((zone) => ({ shard, zone })),
  );
};

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** CRC16 as the cluster's specification has it (XMODEM): which slot a key is in. */
const crc16 = (text: string): number => {
  let crc = 0;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc;
};

/** Of what stands between a key's first brace and the next closing one, if anything does, or else of the key. */
export const slotOf = (key: string): number => {
  const tag = /^[^{]*\{([^}]*)\}/.exec(key)?.[1] ?? '';
  return crc16(tag === '' ? key : tag) % HASH_SLOTS;
};

/** A text which, in braces, puts a key into the range. */
export const keyTag = ([from, to]: SlotRange): string => {
  for (let i = 0; ; i++) {
    const slot = slotOf(`t${i}`);
    if (slot >= from && slot <= to) return `t${i}`;
  }
};
