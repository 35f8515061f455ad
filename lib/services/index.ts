/** The renderers: one function per service, model in, configuration out. */
export * from './cache';
export * from './cache-keeper';
export * from './cache-users';
export * from './corefile';
export * from './etcd';
export * from './follower';
export * from './maintenance';
export * from './paths';
export * from './patroni';
export * from './pg-hba';
export * from './pgbackrest';
export * from './pgbouncer';
export * from './postgresql-parameters';
export * from './rotation/authority';
export * from './rotation/credentials';
export * from './rotation/roles';
