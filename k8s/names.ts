import { APPLICATION_NAMESPACE, NAMESPACE, type POSTGRES_SECRET_KEYS, SYSTEM_NAMESPACE } from '../lib/topology/derive';
import type { Environment } from '../lib/topology/types';

export { APPLICATION_NAMESPACE, NAMESPACE, SYSTEM_NAMESPACE };
export const DNS_NAMESPACE = 'kube-system';
export const PRIORITY_CLASS = 'holdfast-data';
export const STORAGE_CLASS = 'holdfast-data';
export const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** Pods in namespaces with this label may connect to the pooler. */
export const DATABASE_CLIENT_LABEL = { 'holdfast.dev/database-client': 'true' };
/** Pods in namespaces with this label may connect to the cache. */
export const CACHE_CLIENT_LABEL = { 'holdfast.dev/cache-client': 'true' };
/** Pods in namespaces with this label may scrape metrics. */
export const MONITORING_LABEL = { 'holdfast.dev/monitoring': 'true' };

/** Secrets with tls.crt, tls.key, ca.crt. */
export const TLS_SECRETS = {
  etcdPeer: 'etcd-peer-tls',
  etcdServer: 'etcd-server-tls',
  etcdClient: 'etcd-client-tls',
  postgres: 'postgres-server-tls',
  patroniClient: 'patroni-client-tls',
  backupClient: 'backup-client-tls',
  pgbouncer: 'pgbouncer-server-tls',
  maintenance: 'maintenance-client-tls',
  cache: 'cache-server-tls',
  failover: 'failover-client-tls',
} as const;

export const CREDENTIALS_SECRET = 'postgres-credentials';
/** Its keys are the same as those of the secret in AWS Secrets Manager. */
export const CREDENTIAL_KEYS = {
  superuser: 'superuser-password',
  replication: 'replication-password',
  rewind: 'rewind-password',
  application: 'application-password',
} as const satisfies Record<string, (typeof POSTGRES_SECRET_KEYS)[number]>;
export const BACKUP_CIPHER_KEY = 'backup-cipher' satisfies (typeof POSTGRES_SECRET_KEYS)[number];
/** Has a role in the cloud and no rights in the cluster. */
export const REPOSITORY_ACCOUNT = 'backup-repository';
/** Included by pgbackrest.conf: the repositories' cipher, and where there is no role, keys of the store and its authority. */
export const REPOSITORY_SECRET = 'backup-repository';
export const REPOSITORY_SECRET_KEY = 'repository.conf';
export const POOLER_USERS_SECRET = 'pgbouncer-users';
export const POOLER_USERS_KEY = 'userlist.txt';

/** Its keys: `CACHE_PASSWORD_KEYS`. */
export const CACHE_CREDENTIALS_SECRET = 'cache-credentials';
export const CACHE_USERS_SECRET = 'cache-users';
export const CACHE_USERS_KEY = 'users.acl';

/** Those of namespace `holdfast-system` and, beside the DNS, `kube-system`: only where there are workloads. */
export const CONTROLLERS = ['argo-rollouts', 'metrics-server', 'metrics-adapter', 'memory-keeper'] as const;
export type ControllerName = (typeof CONTROLLERS)[number];
export type Component =
  | ControllerName
  | 'etcd'
  | 'postgres'
  | 'pgbouncer'
  | 'maintenance'
  | 'backup'
  | 'postgres-delayed'
  | 'cache'
  | 'cache-keeper'
  | 'cache-sync'
  | 'rotation'
  | 'gateway'
  | 'certificate-renewer'
  | 'certificate-monitor'
  | 'clock-monitor';
export const selectorOf = (component: Component): Record<string, string> => ({ 'app.kubernetes.io/name': component, 'app.kubernetes.io/part-of': 'holdfast' });
export const labelsOf = (component: Component, environment: Environment): Record<string, string> => ({
  ...selectorOf(component),
  'app.kubernetes.io/instance': environment.name,
});
