/** A Redis Cluster as a client sees it. */
export interface CacheEndpoint {
  /** Any of the cluster's nodes that answer; the others are learnt from them. */
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  readonly username: string;
  /** File with the user's password. */
  readonly passwordFile: string;
  /** File with the CA of the nodes' certificates; checked without the host name, because nodes announce addresses. */
  readonly ca: string;
}

/** What the cache synchroniser reads at its start (JSON). All paths are those inside its container, all durations seconds. */
export interface CacheSyncConfig {
  /** The other regions' caches: the one whose region writes is pulled from. */
  readonly sources: readonly (CacheEndpoint & { readonly region: string })[];
  /** This region's cache. */
  readonly target: CacheEndpoint;
  /** Patroni's REST API of this region: its dynamic configuration says whether this region follows another one. */
  readonly patroni: { readonly endpoints: readonly string[]; readonly ca: string; readonly cert: string; readonly key: string };
  /** Patterns of pub/sub channels that are relayed. */
  readonly channels: readonly string[];
  /** Told to this region's subscribers after a gap in which messages may have been missed. */
  readonly resyncChannel: string;
  /** A source whose heartbeat is older than this has no writer: nothing is pulled from it. */
  readonly sourceStaleSeconds: number;
  /** How often role and topology are looked up. */
  readonly pollSeconds: number;
  /** Changed keys are gathered for so long before they are copied. */
  readonly flushSeconds: number;
  /** Keys copied at once, per shard. */
  readonly batch: number;
  readonly requestTimeoutSeconds: number;
  readonly listen: { readonly host: string; readonly port: number };
}
