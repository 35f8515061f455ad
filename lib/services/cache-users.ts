import { createHash } from 'node:crypto';
import type { CACHE_SECRET_KEYS } from '../topology/derive';

/** `application`: what clients log in as; `replication`: nodes to each other; `operator`: the keeper and people; `synchroniser`: copies between regions. */
export const CACHE_USERS = { application: 'app', replication: 'replication', operator: 'operator', synchroniser: 'synchroniser' } as const;
export type CacheUser = keyof typeof CACHE_USERS;

/** Keys of the Secret with the passwords; the same as those of the secret in AWS Secrets Manager. */
export const CACHE_PASSWORD_KEYS = {
  application: 'application-password',
  replication: 'replication-password',
  operator: 'operator-password',
  synchroniser: 'synchroniser-password',
} as const satisfies Record<CacheUser, (typeof CACHE_SECRET_KEYS)[number]>;

export const CACHE_USER_NAMES = Object.keys(CACHE_USERS) as readonly CacheUser[];

export const forEachCacheUser = <T>(make: (user: CacheUser) => T): Readonly<Record<CacheUser, T>> =>
  Object.fromEntries(CACHE_USER_NAMES.map((user) => [user, make(user)])) as Record<CacheUser, T>;

/**
 * What each may do. The application: everything with data and channels, nothing that administrates or endangers the server (no KEYS, no FLUSHALL), but what
 * client libraries ask at their start.
 */
const RIGHTS: Readonly<Record<CacheUser, string>> = {
  application: '~* &* +@all -@admin -@dangerous +info +role +cluster|slots +cluster|shards +cluster|nodes +cluster|info +cluster|keyslot +cluster|myid',
  replication: '+psync +replconf +ping',
  operator: '~* &* +@all',
  // What agents/cache-sync asks: keys as a whole, who changed, and messages.
  synchroniser:
    '~* &* +ping +hello +scan +dump +restore +exists +pexpiretime +unlink +get +set +publish +psubscribe +punsubscribe +client|tracking +client|setinfo +client|id +cluster|nodes +cluster|slots +readonly',
};

/**
 * users.acl from the SHA-256 digests of the passwords; while a password changes, a user has two. The user `default`, which needs no name, is off.
 * @param digests 64 hexadecimal digits, or the expression of a template that gives them
 */
export const usersAcl = (digests: Readonly<Record<CacheUser, readonly string[]>>): string =>
  [
    'user default off resetchannels -@all',
    ...CACHE_USER_NAMES.map((user) => `user ${CACHE_USERS[user]} on ${digests[user].map((digest) => `#${digest}`).join(' ')} ${RIGHTS[user]}`),
    '',
  ].join('\n');

export const passwordDigest = (password: string): string => createHash('sha256').update(password).digest('hex');
