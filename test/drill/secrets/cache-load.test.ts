import { CACHE_MODES, streamOf, type CacheEvent } from '../../../lib/drill/cache/history';
import { judgeCacheLoad, type CacheLoadSeen } from '../../../lib/drill/secrets/cache-load';
import type { LoginEvent } from '../../../lib/drill/secrets/events';

const login = (ok = true): LoginEvent => ({ t: 5.1, kind: 'login', client: 'a', start: 5, user: 'cache/app', ok, ...(ok ? {} : { error: 'WRONGPASS' }) });
const writes: readonly CacheEvent[] = CACHE_MODES.flatMap((mode) =>
  Array.from({ length: 100 }, (_, i): CacheEvent => ({
    ...{ kind: 'cache-write', t: i / 10, start: i / 10, client: 'a', shard: 0, mode, id: i, outcome: 'acked', node: 'n' },
  })),
);
const present = new Map(CACHE_MODES.map((mode) => [streamOf({ client: 'a', shard: 0, mode }), new Set(Array.from({ length: 100 }, (_, i) => i))]));
const seen = (changes: Partial<CacheLoadSeen> = {}): CacheLoadSeen => ({
  ...{ events: writes, logins: [login()], clients: ['a'], present, from: 1, to: 9, connectionsEnd: false },
  ...changes,
});
const failing = (s: CacheLoadSeen): readonly string[] => judgeCacheLoad(s).findings.flatMap((f) => (f.verdict === 'pass' ? [] : [`${f.verdict} ${f.check}`]));
const cutOff = (...ids: readonly number[]): readonly CacheEvent[] =>
  writes.map((e) => (e.kind === 'cache-write' && e.mode === 'plain' && ids.includes(e.id) ? { ...e, outcome: 'unknown', error: 'Socket closed' } : e));

test('a change that no client noticed passes', () => {
  expect(failing(seen())).toEqual([]);
  expect(judgeCacheLoad(seen())).toMatchObject({ failed: 0, retried: 0 });
  expect(judgeCacheLoad(seen()).gapSeconds).toBeCloseTo(0.1);
});

test('one request that failed fails it', () => {
  expect(failing(seen({ events: cutOff(50) }))).toEqual(['fail cache-no-failed-request']);
});

test('where every connection ends, a request may be sent again for a second, and no longer', () => {
  expect(failing(seen({ events: cutOff(50), connectionsEnd: true }))).toEqual([]);
  expect(judgeCacheLoad(seen({ events: cutOff(50), connectionsEnd: true }))).toMatchObject({ failed: 0, retried: 1 });
  expect(failing(seen({ events: cutOff(...Array.from({ length: 12 }, (_, i) => 50 + i)), connectionsEnd: true }))).toEqual(['fail cache-no-failed-request']);
});

test('a client that never logged in anew, or could not, fails it', () => {
  expect(failing(seen({ logins: [] }))).toEqual(['fail cache-clients-moved']);
  expect(failing(seen({ logins: [login(), login(false)] }))).toEqual(['fail cache-no-failed-request']);
});

test('a confirmed write that is missing fails it; one that could not be read is unknown', () => {
  const less = new Map(present).set('a/0/wait', new Set([1, 2]));
  expect(failing(seen({ present: less }))).toEqual(['fail cache-confirmed-writes']);
  expect(failing(seen({ present: new Map() }))).toEqual(['unknown cache-confirmed-writes']);
});

test('no request is no proof', () => {
  expect(failing(seen({ events: [], logins: [] }))).toContain('unknown cache-no-failed-request');
});
