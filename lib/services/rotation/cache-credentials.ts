/**
 * The cache's passwords as they are kept, and how a rotation changes them: pure. A user of the cache may have two passwords, so no second user is needed; the
 * phases, and what holds in each, are those of the database's (credentials.ts).
 */
import { createHash } from 'node:crypto';
import { CACHE_PASSWORD_KEYS, CACHE_USER_NAMES, type CacheUser, forEachCacheUser, passwordDigest, usersAcl } from '../cache-users';
import type { Pending, Phase, SecretChange, SecretData } from './credentials';
import { newPassword } from './roles';

export type CachePasswords = Readonly<Record<CacheUser, string>>;

export interface CacheCredentials {
  /** What clients, nodes and keepers use. */
  readonly active: CachePasswords;
  /** While a rotation is pending: the new ones (prepared), or the old ones (switched, retired). */
  readonly other: CachePasswords | null;
  readonly pending: Pending | null;
  /** ISO time of the last rotation's end. */
  readonly rotatedAt: string | null;
}

const PENDING_KEY = 'rotation.json';
const ROTATED_AT_KEY = 'rotated-at';
const otherKey = (user: CacheUser): string => `other-${CACHE_PASSWORD_KEYS[user]}`;

/** @throws Error naming what is missing */
export const readCacheCredentials = (data: SecretData): CacheCredentials => {
  const text = (key: string): string => {
    const value = data[key];
    if (value === undefined) throw new Error(`the Secret with the cache's passwords has no key "${key}"`);
    return value;
  };
  const pending = data[PENDING_KEY] === undefined ? null : (JSON.parse(data[PENDING_KEY]) as Pending);
  return {
    active: forEachCacheUser((user) => text(CACHE_PASSWORD_KEYS[user])),
    other: pending === null ? null : forEachCacheUser((user) => text(otherKey(user))),
    pending,
    rotatedAt: data[ROTATED_AT_KEY] ?? null,
  };
};

/** What a cache that is made anew needs to begin where this one is. */
export const cachePasswordsInUse = ({ active }: Pick<CacheCredentials, 'active'>): SecretData =>
  Object.fromEntries(CACHE_USER_NAMES.map((user) => [CACHE_PASSWORD_KEYS[user], active[user]]));

export const cacheCredentialsSecret = (state: CacheCredentials): SecretChange => ({
  ...cachePasswordsInUse(state),
  ...Object.fromEntries(CACHE_USER_NAMES.map((user) => [otherKey(user), state.other?.[user] ?? null])),
  [PENDING_KEY]: state.pending === null ? null : JSON.stringify(state.pending),
  [ROTATED_AT_KEY]: state.rotatedAt,
});

/** The passwords that are good, in an order of their own: when only which one is in use changes, the file does not. */
export const cacheUsersOf = ({ active, other, pending }: CacheCredentials): string => {
  const bothGood = other !== null && pending?.phase !== 'retired';
  return usersAcl(forEachCacheUser((user) => [active[user], ...(bothGood ? [other[user]] : [])].map(passwordDigest).toSorted()));
};

/** What a keeper has read, without telling it: equal for equal passwords of the operator and of the replication, and the same users. */
export const readingOf = (operator: string, replication: string, users: string): string =>
  createHash('sha256')
    .update(`${passwordDigest(operator)} ${passwordDigest(replication)} ${users}`)
    .digest('hex')
    .slice(0, 12);

const inPhase = ({ pending }: CacheCredentials, phase: Phase): Pending => {
  if (pending?.phase !== phase) throw new Error(`this step needs a rotation that is ${phase}; it is ${pending?.phase ?? 'not begun'}`);
  return pending;
};

/** A second password for every user. @throws Error when a rotation is pending */
export const prepareCache = (state: CacheCredentials, how: Omit<Pending, 'phase'>): CacheCredentials => {
  if (state.pending !== null) throw new Error(`a rotation is pending (${state.pending.phase})`);
  return { ...state, other: forEachCacheUser(() => newPassword()), pending: { ...how, phase: 'prepared' } };
};

/** The new passwords become the ones in use. */
export const switchCache = (state: CacheCredentials): CacheCredentials => {
  const pending = inPhase(state, 'prepared');
  if (state.other === null) throw new Error('a prepared rotation has new passwords, and there are none');
  return { ...state, active: state.other, other: state.active, pending: { ...pending, phase: 'switched' } };
};

/** The old passwords are refused from now on. */
export const retireCache = (state: CacheCredentials): CacheCredentials => ({ ...state, pending: { ...inPhase(state, 'switched'), phase: 'retired' } });

/** The old passwords are forgotten. */
export const settleCache = (state: CacheCredentials, at: string): CacheCredentials => {
  inPhase(state, 'retired');
  return { ...state, other: null, pending: null, rotatedAt: at };
};
