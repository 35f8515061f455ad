/** Where things are inside the containers: the images, the charts and the rendered configuration must agree on these. */

/** The one user and group that every container of ours runs as. */
export const RUN_AS = 999;

export const ETCD_DATA_MOUNT = '/var/lib/etcd';
/** Not the mount itself: a fresh ext4 volume carries `lost+found`, and etcd wants a directory of mode 0700 of its own. */
export const ETCD_DATA_DIR = `${ETCD_DATA_MOUNT}/data`;

export const POSTGRES_DATA_MOUNT = '/var/lib/postgresql/data';
export const PGDATA = `${POSTGRES_DATA_MOUNT}/pgdata`;
export const POSTGRES_SOCKET_DIR = '/run/postgresql';
export const PATRONI_CONFIG_DIR = '/etc/patroni';

/** Where the database's container finds which roles may log in (`roles.json`). */
export const ROLES_DIR = '/etc/holdfast/credentials';

export const PGBOUNCER_CONFIG_DIR = '/etc/pgbouncer';
export const PGBOUNCER_USERS_FILE = `${PGBOUNCER_CONFIG_DIR}/users/userlist.txt`;
export const PGBOUNCER_RUN_DIR = '/run/pgbouncer';
/** Written by the follower, included by pgbouncer.ini. */
export const PGBOUNCER_DATABASES_FILE = `${PGBOUNCER_RUN_DIR}/databases.ini`;

/** Whatever a restore asks of a member's volume is mounted here while one is under way. */
export const RESTORE_REQUEST_DIR = '/etc/holdfast/restore';
export const PGBACKREST_CONFIG_DIR = '/etc/pgbackrest';
/** Secrets of the repositories (cipher, and keys where there is no role), included by pgbackrest.conf. */
export const PGBACKREST_SECRETS_DIR = `${PGBACKREST_CONFIG_DIR}/conf.d`;
/** On the volume, not in memory: a recovery fetches write-ahead log ahead of need into it. */
export const PGBACKREST_SPOOL_DIR = `${POSTGRES_DATA_MOUNT}/spool`;
/** Where an isolated copy of the database is restored to. */
export const SCRATCH_MOUNT = '/scratch';

export const FOLLOWER_CONFIG_DIR = '/etc/follower';

/** What the maintenance agent reads. */
export const MAINTENANCE_CONFIG_DIR = '/etc/maintenance';

/** What the cache's synchroniser reads, and its password: a file, because it is rotated while the synchroniser runs. */
export const CACHE_SYNC_CONFIG_DIR = '/etc/cache-sync';
export const CACHE_SYNC_PASSWORD_DIR = '/etc/cache-sync-password';
export const CACHE_SYNC_PASSWORD_FILE = `${CACHE_SYNC_PASSWORD_DIR}/password`;

/** What the job that rotates passwords reads. */
export const ROTATION_CONFIG_DIR = '/etc/rotation';

export const CACHE_CONFIG_DIR = '/etc/cache';
export const CACHE_USERS_FILE = `${CACHE_CONFIG_DIR}/users/users.acl`;
export const CACHE_DATA_MOUNT = '/var/lib/cache';
/** Not the mount itself, as with etcd. */
export const CACHE_DATA_DIR = `${CACHE_DATA_MOUNT}/data`;
/** What is known only when a pod starts: its address, the password for replication. */
export const CACHE_RUN_DIR = '/run/cache';
export const CACHE_LOCAL_FILE = `${CACHE_RUN_DIR}/local.conf`;

/** The operator's password, for the scripts of a node: read each time, because it is rotated while the node runs. */
export const CACHE_OPERATOR_PASSWORD_FILE = `${CACHE_CONFIG_DIR}/credentials/operator-password`;

export const CACHE_KEEPER_CONFIG_DIR = '/etc/cache-keeper';
/** What the keeper logs in with, and what the nodes are to have. */
export const CACHE_KEEPER_CREDENTIALS_DIR = '/etc/cache-credentials';

/** Mounts of TLS Secrets; each holds tls.crt, tls.key, ca.crt (postgresCa: ca.crt only). */
export const TLS_DIRS = {
  etcdPeer: '/tls/etcd-peer',
  etcdServer: '/tls/etcd-server',
  etcdClient: '/tls/etcd',
  postgres: '/tls/postgres',
  postgresCa: '/tls/postgres-ca',
  patroniClient: '/tls/patroni-client',
  backupClient: '/tls/backup-client',
  pgbouncer: '/tls/pgbouncer',
  maintenance: '/tls/maintenance',
  cache: '/tls/cache',
  cacheCa: '/tls/cache-ca',
} as const;

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const tlsFiles = (directory: string): TlsFiles => ({ ca: `${directory}/ca.crt`, cert: `${directory}/tls.crt`, key: `${directory}/tls.key` });

/** haproxy.cfg, and what the keeper beside it reads. */
export const HAPROXY_FILE = 'haproxy.cfg';
export const GATEWAY_CONFIG_DIR = '/etc/gateway';
export const GATEWAY_RUN_DIR = '/run/gateway';
/** Where the keeper tells the gateway what has changed. */
export const GATEWAY_SOCKET = `${GATEWAY_RUN_DIR}/admin.sock`;
export const GATEWAY_TLS_DIR = '/etc/holdfast/gateway-tls';
export const GATEWAY_BLOCKLIST_DIR = '/etc/holdfast/blocklist';
/** Switches that people change: `switches.json`. */
export const SWITCHES_DIR = '/etc/holdfast/switches';
