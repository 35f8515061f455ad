import { CACHE_BUS_PORT, CACHE_PORT } from '../topology/cache-placement';
import type { Cache } from '../topology/types';
import { CACHE_DATA_DIR, CACHE_LOCAL_FILE, CACHE_USERS_FILE, TLS_DIRS, tlsFiles } from './paths';
import { CACHE_USERS } from './cache-users';

type Settings = Readonly<Record<string, string | number>>;

export const CACHE_CONFIG_FILE = 'cache.conf';

/** cache.conf, the same for every node; Redis 8 and Valkey 8 read it alike. What differs between nodes is in `local.conf`, written when the pod starts. */
export const cacheConf = (cache: Cache): string => {
  const settings: Settings = { ...listening(), ...clustering(cache), ...replicating(cache), ...persisting(cache), ...limiting(cache) };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return [`include ${CACHE_LOCAL_FILE}`, ...lines, ''].join('\n');
};

/** TLS only: for clients, for replication, and between the nodes, where both sides show a certificate. Clients have passwords. */
const listening = (): Settings => {
  const own = tlsFiles(TLS_DIRS.cache);
  return {
    bind: '0.0.0.0',
    port: 0,
    'tls-port': CACHE_PORT,
    'cluster-port': CACHE_BUS_PORT,
    'tls-cert-file': own.cert,
    'tls-key-file': own.key,
    'tls-ca-cert-file': own.ca,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
    'tls-cluster': 'yes',
    'tls-protocols': '"TLSv1.2 TLSv1.3"',
    // Every user but `default`, which is off, has a password: the address it comes from does not matter.
    'protected-mode': 'no',
    aclfile: CACHE_USERS_FILE,
    'tcp-keepalive': 30,
    daemonize: 'no',
    loglevel: 'notice',
    logfile: '""',
    'enable-debug-command': 'no',
    'enable-module-command': 'no',
  };
};

const clustering = (cache: Cache): Settings => ({
  'cluster-enabled': 'yes',
  'cluster-config-file': 'nodes.conf',
  'cluster-node-timeout': Math.round(cache.nodeTimeout * 1000),
  // A shard that is down must not stop the others.
  'cluster-require-full-coverage': 'no',
  // A node that lost the majority serves nothing: what it has may be old.
  'cluster-allow-reads-when-down': 'no',
  // Replicas stay where the placement puts them: one that moved to another shard could share its AZ with a copy of it.
  'cluster-allow-replica-migration': 'no',
  // Certificates carry names, so clients are sent to names.
  'cluster-preferred-endpoint-type': 'hostname',
});

const replicating = (cache: Cache): Settings => ({
  masteruser: CACHE_USERS.replication,
  'min-replicas-to-write': cache.minReplicasToWrite,
  'min-replicas-max-lag': cache.minReplicasMaxLag,
  'repl-ping-replica-period': 1,
  'repl-timeout': 10,
  // A replica that was away for a moment catches up from here, without a full copy.
  'repl-backlog-size': `${Math.max(8, Math.floor(cache.maxMemory / 16))}mb`,
  'repl-diskless-sync': 'yes',
  // Replicas come back one by one: waiting for more of them would only delay the first.
  'repl-diskless-sync-delay': 0,
});

/** The append-only file alone: it has every write, and a second kind of snapshot would only cost a fork more. */
const persisting = (cache: Cache): Settings => ({
  dir: CACHE_DATA_DIR,
  save: '""',
  appendonly: 'yes',
  appendfsync: cache.appendFsync,
  'aof-use-rdb-preamble': 'yes',
  // A write that was cut off by a crash is dropped; the replicas have it, or nobody was told that it succeeded.
  'aof-load-truncated': 'yes',
  // On SIGTERM a master waits so long for its replicas to have everything.
  'shutdown-timeout': 5,
});

const limiting = (cache: Cache): Settings => ({
  maxmemory: `${cache.maxMemory}mb`,
  'maxmemory-policy': cache.maxMemoryPolicy,
  'lazyfree-lazy-eviction': 'yes',
  'lazyfree-lazy-expire': 'yes',
  'lazyfree-lazy-user-del': 'yes',
  'replica-lazy-flush': 'yes',
});
