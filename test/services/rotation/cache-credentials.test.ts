import { CACHE_USER_NAMES, passwordDigest, type CacheUser } from '../../../lib/services/cache-users';
import {
  cacheCredentialsSecret,
  cacheUsersOf,
  prepareCache,
  readCacheCredentials,
  readingOf,
  retireCache,
  settleCache,
  switchCache,
  type CacheCredentials,
} from '../../../lib/services/rotation/cache-credentials';

const OLD = { application: 'a-old', replication: 'r-old', operator: 'o-old', synchroniser: 's-old' };
const settled: CacheCredentials = { active: OLD, other: null, pending: null, rotatedAt: null };
const prepared = prepareCache(settled, { id: 'now', compromised: false, startedAt: 'now' });
const switched = switchCache(prepared);
const retired = retireCache(switched);
const done = settleCache(retired, '2026-01-01T00:00:00.000Z');
const NEW = switched.active;

/** Which passwords of a user the users' file lets in. */
const good = (state: CacheCredentials, user: CacheUser): readonly string[] => {
  const file = cacheUsersOf(state);
  return [OLD, NEW].flatMap((passwords, i) => (file.includes(`#${passwordDigest(passwords[user])}`) ? [i === 0 ? 'old' : 'new'] : []));
};

test.each(CACHE_USER_NAMES)('what %s uses is good in every state, and what it used until a moment ago', (user) => {
  expect([settled, prepared, switched, retired, done].map((state) => good(state, user))).toEqual([['old'], ['old', 'new'], ['old', 'new'], ['new'], ['new']]);
  for (const state of [settled, prepared, switched, retired, done]) expect(cacheUsersOf(state)).toContain(passwordDigest(state.active[user]));
});

test('when only which password is in use changes, the users’ file does not', () => {
  expect(cacheUsersOf(switched)).toBe(cacheUsersOf(prepared));
});

test('every state is read back as it was written, and the last one has forgotten the old passwords', () => {
  let secret: Record<string, string> = {};
  for (const state of [settled, prepared, switched, retired, done]) {
    secret = Object.fromEntries(Object.entries({ ...secret, ...cacheCredentialsSecret(state) }).filter((e): e is [string, string] => e[1] !== null));
    expect(readCacheCredentials(secret)).toEqual(state);
  }
  expect(JSON.stringify(secret)).not.toMatch(/[aros]-old/);
});

test('steps in the wrong order are refused', () => {
  expect(() => prepareCache(prepared, { id: 'x', compromised: false, startedAt: 'x' })).toThrow(/pending/);
  expect(() => switchCache(settled)).toThrow(/not begun/);
  expect(() => retireCache(prepared)).toThrow(/prepared/);
  expect(() => settleCache(switched, 'now')).toThrow(/switched/);
  expect(() => readCacheCredentials({})).toThrow(/application-password/);
});

test('what a keeper says it has read changes with the passwords that it uses and the users', () => {
  const of = (state: CacheCredentials): string => readingOf(state.active.operator, state.active.replication, cacheUsersOf(state));
  expect(new Set([settled, prepared, switched, retired].map(of)).size).toBe(4);
  expect(of(retired)).toBe(of(done));
});
