import { CACHE_PORT } from '../topology/cache-placement';
import { NAMESPACE, PATRONI_PORT, postgresMemberNames, postgresName } from '../topology/derive';
import { cacheGatewayAddresses, peersOf } from '../topology/regions';
import type { Environment, Region } from '../topology/types';
import { CACHE_SERVICE } from './cache-keeper';
import type { CacheEndpoint, CacheSyncConfig } from './cache-sync-config';
import { CACHE_USERS } from './cache-users';
import { CACHE_SYNC_PASSWORD_FILE, TLS_DIRS, tlsFiles } from './paths';

export const CACHE_SYNC_PORT = 9123;
export const CACHE_SYNC_CONFIG_FILE = 'cache-sync.json';
/** Keys are gathered for so long before they are copied: a counter that is raised a hundred times a second is copied fifty times at most. */
const FLUSH_SECONDS = 0.02;
const BATCH = 200;
const POLL_SECONDS = 1;

const endpoint = (hosts: readonly string[]): CacheEndpoint => ({
  seeds: hosts.map((host) => ({ host, port: CACHE_PORT })),
  username: CACHE_USERS.synchroniser,
  passwordFile: CACHE_SYNC_PASSWORD_FILE,
  ca: tlsFiles(TLS_DIRS.cacheCa).ca,
});

export const cacheSyncConfig = (environment: Environment, region: Region): CacheSyncConfig => ({
  sources: peersOf(environment, region).map((peer) => ({ region: peer.name, ...endpoint(cacheGatewayAddresses(peer)) })),
  target: endpoint([`${CACHE_SERVICE}.${NAMESPACE}.svc.cluster.local`]),
  patroni: {
    endpoints: postgresMemberNames(region).map((member) => `https://${member}.${postgresName(region)}.${NAMESPACE}.svc.cluster.local:${PATRONI_PORT}`),
    ...tlsFiles(TLS_DIRS.patroniClient),
  },
  channels: environment.replication.cacheChannels,
  resyncChannel: 'holdfast:resync',
  sourceStaleSeconds: environment.replication.cacheStaleAfter,
  pollSeconds: POLL_SECONDS,
  flushSeconds: FLUSH_SECONDS,
  batch: BATCH,
  requestTimeoutSeconds: region.follower.requestTimeout * 2,
  listen: { host: '0.0.0.0', port: CACHE_SYNC_PORT },
});

export const cacheSyncJson = (environment: Environment, region: Region): string => `${JSON.stringify(cacheSyncConfig(environment, region), null, 2)}\n`;
