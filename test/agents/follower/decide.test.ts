import {
  decide,
  MAX_ANSWER_AGE_MS,
  SILENT_ETCD_MS,
  MAX_READING_AGE_MS,
  olderSince,
  probePauseMs,
  REPLACED_HISTORY_MS,
  type Leader,
  type Observation,
  type Reading,
  type Route,
} from '../../../agents/follower/decide';

const NOW = 100_000;
const routeTo = (member: string, host: string, modRevision: number): Route => ({ member, host, port: 5432, clusterId: '7', modRevision });
const leaderAt = (member: string, host: string, modRevision: number): Leader => ({
  member,
  modRevision,
  address: { host, port: 5432 },
  primaryUrl: `https://${host}:8008/primary`,
});
const readingOf = (leader: Leader | undefined, more: Partial<Reading> = {}): Reading => ({
  at: NOW - 50,
  linearizable: true,
  clusterId: '7',
  leader,
  syncStandby: undefined,
  handover: undefined,
  ...more,
});
const yes = (leader: Leader, at = NOW - 5) => ({
  member: leader.member,
  modRevision: leader.modRevision,
  primaryUrl: leader.primaryUrl ?? '',
  primary: true,
  at,
});

const A = leaderAt('pg-0', '10.0.0.1', 10);
const B = leaderAt('pg-1', '10.0.0.2', 20);
const routeA = routeTo('pg-0', '10.0.0.1', 10);
const routeB = routeTo('pg-1', '10.0.0.2', 20);

const observe = (more: Partial<Observation>): Observation => ({
  now: NOW,
  reading: readingOf(B),
  olderSince: undefined,
  answer: undefined,
  route: routeA,
  pooler: { kind: 'serving', host: '10.0.0.1', port: 5432 },
  routeUrl: 'https://10.0.0.1:8008/primary',
  routeAnswer: undefined,
  paused: false,
  ...more,
});

describe('without news from etcd the route that works is kept', () => {
  test('before the first answer', () => expect(decide(observe({ reading: undefined })).kind).toBe('hold'));
  test('when the last answer is too old, even if the candidate says it is primary', () =>
    expect(decide(observe({ reading: readingOf(B, { at: NOW - MAX_READING_AGE_MS - 1 }), answer: yes(B) })).kind).toBe('watch-route'));
  test('a last answer that is young enough still counts while etcd is silent', () =>
    expect(decide(observe({ reading: readingOf(B, { at: NOW - MAX_READING_AGE_MS + 1 }), answer: yes(B) })).kind).toBe('route'));
  test('when the leader key is absent', () =>
    expect(decide(observe({ reading: readingOf(undefined) }))).toMatchObject({ kind: 'watch-route', because: /nobody holds/ }));
  test('when the member key is absent', () =>
    expect(decide(observe({ reading: readingOf({ ...B, address: undefined }), answer: yes(B) }))).toMatchObject({ kind: 'hold' }));
  test('a reading without quorum never moves a route', () =>
    expect(decide(observe({ reading: readingOf(B, { linearizable: false }), answer: yes(B) })).kind).toBe('hold'));
  test('a reading without quorum may give the first route, after the member has confirmed it', () => {
    const nowhere = { route: undefined, reading: readingOf(B, { linearizable: false }) };
    expect(decide(observe(nowhere)).kind).toBe('probe');
    expect(decide(observe({ ...nowhere, answer: yes(B) }))).toMatchObject({ kind: 'route', route: routeB });
  });
});

describe('a new leader is asked before anyone is sent to it', () => {
  test('not yet asked', () => expect(decide(observe({}))).toMatchObject({ kind: 'probe', primaryUrl: 'https://10.0.0.2:8008/primary' }));
  test('it says no', () => expect(decide(observe({ answer: { ...yes(B), primary: false } })).kind).toBe('probe'));
  test('it said yes too long ago', () => expect(decide(observe({ answer: yes(B, NOW - MAX_ANSWER_AGE_MS - 1) })).kind).toBe('probe'));
  test('someone else said yes', () => expect(decide(observe({ answer: yes(A) })).kind).toBe('probe'));
  test('it said yes as the holder of an older key', () => expect(decide(observe({ answer: { ...yes(B), modRevision: 19 } })).kind).toBe('probe'));
  test('it said yes at an address that it has left', () =>
    expect(decide(observe({ answer: { ...yes(B), primaryUrl: 'https://10.0.0.9:8008/primary' } })).kind).toBe('probe'));
  test('it says yes', () => expect(decide(observe({ answer: yes(B) }))).toMatchObject({ kind: 'route', route: routeB }));
  test('the first leader of all is asked like any other', () => {
    expect(decide(observe({ route: undefined })).kind).toBe('probe');
    expect(decide(observe({ route: undefined, answer: yes(B) }))).toMatchObject({ kind: 'route', route: routeB });
  });
});

describe('the same leader', () => {
  test('is held', () => expect(decide(observe({ reading: readingOf(A) })).kind).toBe('hold'));
  test('under a newer key is remembered, and nothing is touched', () =>
    expect(decide(observe({ reading: readingOf({ ...A, modRevision: 12 }) }))).toMatchObject({ kind: 'keep', route: { modRevision: 12, host: '10.0.0.1' } }));
  test('at a new address (its pod was replaced) is asked and routed to', () => {
    const moved = leaderAt('pg-0', '10.0.0.77', 10);
    expect(decide(observe({ reading: readingOf(moved) })).kind).toBe('probe');
    expect(decide(observe({ reading: readingOf(moved), answer: yes(moved) }))).toMatchObject({ kind: 'route', route: { host: '10.0.0.77', member: 'pg-0' } });
  });
  test('another member at the same address is a new route', () => {
    const heir = leaderAt('pg-1', '10.0.0.1', 20);
    expect(decide(observe({ reading: readingOf(heir), answer: yes(heir) }))).toMatchObject({ kind: 'route', route: { member: 'pg-1' } });
  });
});

describe('a reading older than the route', () => {
  const old = readingOf({ ...B, modRevision: 9 });
  const answer = { ...yes(B), modRevision: 9 };
  test('moves nothing', () => expect(decide(observe({ reading: old, answer }))).toMatchObject({ kind: 'hold', because: /older than the route/ }));
  test('moves nothing for as long as it may be an accident', () =>
    expect(decide(observe({ reading: old, answer, olderSince: NOW - REPLACED_HISTORY_MS + 1 })).kind).toBe('hold'));
  test('is believed when etcd goes on saying so: its history was replaced', () =>
    expect(decide(observe({ reading: old, answer, olderSince: NOW - REPLACED_HISTORY_MS })).kind).toBe('route'));
  test('of another etcd cluster can not be compared, and is believed', () =>
    expect(decide(observe({ reading: { ...old, clusterId: '8' }, answer }))).toMatchObject({ kind: 'route', route: { clusterId: '8', modRevision: 9 } }));
  test('olderSince counts from the first, and ends with the first that is not older', () => {
    expect(olderSince(undefined, { ...old, at: 5 }, routeA)).toBe(5);
    expect(olderSince(5, { ...old, at: 9 }, routeA)).toBe(5);
    expect(olderSince(5, readingOf(B), routeA)).toBeUndefined();
    expect(olderSince(5, readingOf(undefined), routeA)).toBeUndefined();
    expect(olderSince(undefined, old, undefined)).toBeUndefined();
  });
});

describe('PgBouncer that does not use the route', () => {
  const elsewhere = { kind: 'serving', host: '10.0.0.9', port: 5432 } as const;
  test('is reloaded', () => expect(decide(observe({ reading: readingOf(A), pooler: elsewhere }))).toMatchObject({ kind: 'reload', route: routeA }));
  test('is reloaded without etcd, too', () => expect(decide(observe({ reading: undefined, pooler: elsewhere })).kind).toBe('reload'));
  test('is reloaded if it does not know the database', () =>
    expect(decide(observe({ reading: readingOf(A), pooler: { kind: 'absent' } })).kind).toBe('reload'));
  test('is left alone while its state is unknown', () => expect(decide(observe({ reading: readingOf(A), pooler: { kind: 'unknown' } })).kind).toBe('hold'));
  test('waits while a new leader is asked: a reload to the old one would help nobody', () => expect(decide(observe({ pooler: elsewhere })).kind).toBe('probe'));
});

test('a candidate is asked every 50 ms at first, and less often when its promotion takes long', () => {
  expect(probePauseMs(0)).toBe(50);
  expect(probePauseMs(4_999)).toBe(50);
  expect(probePauseMs(5_000)).toBe(250);
});

const no = { member: 'pg-0', primary: false, at: NOW - 10 };
const stillPrimary = { member: 'pg-0', primary: true, at: NOW - 10 };

describe('a planned handover', () => {
  const handing = (more: Partial<Observation>): Observation => observe({ reading: readingOf(A, { handover: 'pg-0' }), ...more });

  test('is watched from the moment it is asked for, and clients go on', () => expect(decide(handing({})).kind).toBe('watch-route'));
  test('keeps clients waiting once the old primary stops', () => expect(decide(handing({ routeAnswer: no })).kind).toBe('pause'));
  test('an old answer does not pause anybody', () => expect(decide(handing({ routeAnswer: { ...no, at: NOW - 401 } })).kind).toBe('watch-route'));
  test('an answer of another member does not pause anybody', () =>
    expect(decide(handing({ routeAnswer: { ...no, member: 'pg-1' } })).kind).toBe('watch-route'));
  test('asked of another member it changes nothing', () => expect(decide(observe({ reading: readingOf(A, { handover: 'pg-1' }) })).kind).toBe('hold'));
  test('is not paused twice', () => expect(decide(handing({ routeAnswer: no, paused: true })).kind).toBe('watch-route'));
  test('that is given up lets clients go on when the old primary says that it takes writes', () => {
    const givenUp = observe({ reading: readingOf(A), paused: true });
    expect(decide(givenUp).kind).toBe('watch-route');
    expect(decide({ ...givenUp, routeAnswer: stillPrimary })).toMatchObject({ kind: 'resume', because: /takes writes/ });
  });
  test('ends with the new route', () => expect(decide(observe({ reading: readingOf(B), answer: yes(B), paused: true })).kind).toBe('route'));
});

describe('a route whose server may have been demoted in isolation', () => {
  const silent = (more: Partial<Observation>): Observation => observe({ reading: readingOf(A, { at: NOW - SILENT_ETCD_MS - 1 }), ...more });
  const keyless = (more: Partial<Observation>): Observation => observe({ reading: readingOf(undefined), ...more });

  test.each([
    ['etcd is silent', silent],
    ['nobody holds the leader key', keyless],
  ])('%s: it is asked, kept while it takes writes or does not answer, and left when it says it does not', (_, inDoubt) => {
    expect(decide(inDoubt({})).kind).toBe('watch-route');
    expect(decide(inDoubt({ routeAnswer: stillPrimary })).kind).toBe('watch-route');
    expect(decide(inDoubt({ routeAnswer: no })).kind).toBe('pause');
    expect(decide(inDoubt({ routeAnswer: no, paused: true })).kind).toBe('watch-route');
    expect(decide(inDoubt({ routeAnswer: stillPrimary, paused: true })).kind).toBe('resume');
  });
  test('one second of silence is no reason for doubt', () => expect(decide(observe({ reading: readingOf(A, { at: NOW - 1_000 }) })).kind).toBe('hold'));
  test('without a known endpoint nobody is asked, and clients stay', () => expect(decide(silent({ routeUrl: undefined })).kind).toBe('hold'));
  test('without a route there is nothing to doubt', () => expect(decide(keyless({ route: undefined })).kind).toBe('hold'));
});
