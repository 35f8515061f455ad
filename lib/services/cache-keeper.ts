import { CACHE_PORT, cachePods, type CachePod } from '../topology/cache-placement';
import { NAMESPACE } from '../topology/derive';
import type { Cache, Region } from '../topology/types';
import { CACHE_PASSWORD_KEYS, CACHE_USERS } from './cache-users';
import { CACHE_KEEPER_CREDENTIALS_DIR, TLS_DIRS, tlsFiles, type TlsFiles } from './paths';

export const CACHE_KEEPER_PORT = 9121;
export const CACHE_KEEPER_CONFIG_FILE = 'keeper.json';
/** The headless Service that gives every node its name. */
export const CACHE_SERVICE = 'cache';
export const cacheHost = (pod: string): string => `${pod}.${CACHE_SERVICE}.${NAMESPACE}.svc.cluster.local`;

/** What the keeper reads at its start (JSON). All durations in seconds. */
export interface CacheKeeperConfig {
  /** Where every node belongs. */
  readonly pods: readonly CachePod[];
  readonly shards: number;
  readonly replicasPerMaster: number;
  readonly nodeTimeoutSeconds: number;
  readonly minReplicasToWrite: number;
  readonly memoryAlertPercent: number;
  readonly checkIntervalSeconds: number;
  readonly requestTimeoutSeconds: number;
  readonly port: number;
  readonly user: string;
  /** Authority of the nodes' certificates. */
  readonly ca: string;
  /** What the nodes are to have: the keeper makes them read theirs again until they do. */
  readonly files: {
    readonly operatorPassword: string;
    readonly replicationPassword: string;
    readonly users: string;
    readonly certificate: string;
  };
  /** Where a node finds its certificate: `CONFIG SET` names the files again to have them read. */
  readonly nodeTls: TlsFiles;
  readonly listen: { readonly host: string; readonly port: number };
}

export const cacheKeeperConfig = (cache: Cache, region: Region): CacheKeeperConfig => ({
  pods: cachePods(cache, region),
  shards: cache.shards,
  replicasPerMaster: cache.replicasPerMaster,
  nodeTimeoutSeconds: cache.nodeTimeout,
  minReplicasToWrite: cache.minReplicasToWrite,
  memoryAlertPercent: cache.memoryAlertPercent,
  checkIntervalSeconds: cache.keeper.checkInterval,
  requestTimeoutSeconds: cache.keeper.requestTimeout,
  port: CACHE_PORT,
  user: CACHE_USERS.operator,
  ca: tlsFiles(TLS_DIRS.cacheCa).ca,
  files: {
    operatorPassword: `${CACHE_KEEPER_CREDENTIALS_DIR}/${CACHE_PASSWORD_KEYS.operator}`,
    replicationPassword: `${CACHE_KEEPER_CREDENTIALS_DIR}/${CACHE_PASSWORD_KEYS.replication}`,
    users: `${CACHE_KEEPER_CREDENTIALS_DIR}/users.acl`,
    certificate: tlsFiles(TLS_DIRS.cacheCa).cert,
  },
  nodeTls: tlsFiles(TLS_DIRS.cache),
  listen: { host: '0.0.0.0', port: CACHE_KEEPER_PORT },
});

export const cacheKeeperJson = (cache: Cache, region: Region): string => `${JSON.stringify(cacheKeeperConfig(cache, region), null, 2)}\n`;

/** One node as the keeper saw it. Null: not known. */
export interface CacheNodeStatus {
  readonly pod: string;
  readonly zone: string;
  readonly shard: number;
  readonly role: 'master' | 'replica' | null;
  readonly address: string | null;
  /** Bytes. */
  readonly usedMemory: number | null;
  readonly maxMemory: number | null;
  /** Of a master: replicas that are in step. */
  readonly replicas: number | null;
  /** Why nothing else is known. */
  readonly error: string | null;
}

/** What the keeper answers to `GET /status` and `cache status --json`. */
export interface CacheStatus {
  /** ISO 8601, of the look it is based on. */
  readonly at: string;
  readonly nodes: readonly CacheNodeStatus[];
  /** The pod that is master of each shard, or null: none answers. */
  readonly masters: readonly (string | null)[];
  /** Empty: healthy. */
  readonly complaints: readonly string[];
  /** Which passwords and users the keeper has read (`readingOf`); null: none yet, or a person's command. */
  readonly reading: string | null;
}
