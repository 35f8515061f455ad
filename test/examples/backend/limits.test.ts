import { setTimeout as pause } from 'node:timers/promises';
import type { Guard } from '../../../examples/backend/cache/guard';
import { guarded } from '../../../examples/backend/cache/guard';
import { bucketOf } from '../../../examples/backend/limits/bucket';
import { type Limits, type LimitSet, NO_SWITCHES, readLimits, readSwitches } from '../../../examples/backend/limits/files';
import { RateLimiter } from '../../../examples/backend/limits/limiter';
import { WarmUp } from '../../../examples/backend/limits/warm-up';
import { createMetrics } from '../../../examples/backend/metrics';
import { renderLimits } from '../../../lib/services/limits';
import { renderSwitches } from '../../../lib/services/switches';
import { EDGE_DEFAULTS } from '../../../lib/topology/defaults-edge';
import type { Workload } from '../../../lib/topology/types-workloads';

const perSecond = (requests: number, retryAfterSeconds: number) => ({ requestsPerSecond: requests, burst: requests, retryAfterSeconds });
const setOf = (user: number, endpoint: number, orders: number): LimitSet => ({
  user: perSecond(user, 10),
  endpoint: perSecond(endpoint, 1),
  endpoints: [{ method: 'POST', path: '/orders', ...perSecond(orders, 1) }],
});
const LIMITS: Limits = {
  ...setOf(10, 2, 6),
  emergency: setOf(5, 1, 3),
  limiterDown: 'local',
  warmUpSeconds: 60,
  invalidSignatures: { perAddress: 3, windowSeconds: 60, blockForSeconds: 600 },
  maxBody: 1000,
};

const open: Guard = guarded(100, () => undefined);

/** Without Redis, as a pod that has lost it counts. */
const limiter = (limits: Limits | null, { emergency = false, replicas = 1, warmUp = 1 } = {}) => {
  const metrics = createMetrics();
  const switches = { ...NO_SWITCHES, emergencyLimits: emergency };
  const made = new RateLimiter({
    cache: null,
    guard: open,
    limits: () => limits,
    switches: () => switches,
    warmUp: () => warmUp,
    replicas: () => replicas,
    metrics,
    isCompared: () => false,
  });
  const admitted = async (times: number, subject = 'ann', route = '/orders'): Promise<number> => {
    const answers = await Promise.allSettled(Array.from({ length: times }, () => made.admit({ subject, method: 'POST', route })));
    return answers.filter(({ status }) => status === 'fulfilled').length;
  };
  return { made, metrics, admitted };
};

describe('a bucket', () => {
  test.each([
    [10, 10, 1, { points: 10, duration: 1 }],
    [10, 50, 1, { points: 50, duration: 5 }],
    [0.5, 1, 1, { points: 1, duration: 2 }],
    [1, 1, 0.1, { points: 1, duration: 10 }],
    [10, 10, 1 / 3, { points: 3, duration: 1 }],
  ])('of %d per second, %d at once, a share of %d of it, is %j', (requestsPerSecond, burst, share, bucket) =>
    expect(bucketOf({ requestsPerSecond, burst }, share)).toEqual(bucket),
  );

  test.each([
    [10, 10, 1, 3, { points: 10, duration: 3 }],
    [10, 10, 0.5, 3, { points: 5, duration: 3 }],
    [1, 1, 1, 3, { points: 3, duration: 9 }],
    [0.25, 1, 1, 6, { points: 3, duration: 72 }],
  ])('of %d per second, %d at once, with %d of it in force and one of %d pods that count alone, is %j', (requestsPerSecond, burst, share, pods, bucket) =>
    expect(bucketOf({ requestsPerSecond, burst }, share, pods)).toEqual(bucket),
  );

  test('of pods that count alone lets the limit’s rate through, all together', () => {
    const { points, duration } = bucketOf({ requestsPerSecond: 7, burst: 20 }, 1, 4);
    expect((4 * points) / duration).toBeCloseTo(7, 0);
  });
});

describe('limits', () => {
  test("are an endpoint's own where it has one, and the user's over all endpoints", async () => {
    const { admitted } = limiter(LIMITS);
    expect(await admitted(10)).toBe(6);
    expect(await admitted(10, 'bob', '/sessions')).toBe(2);
    const both = limiter({ ...LIMITS, endpoint: perSecond(100, 1), endpoints: [] });
    expect(await both.admitted(20)).toBe(10);
  });

  test('of one user are nobody else’s', async () => {
    const { admitted } = limiter(LIMITS);
    await admitted(50);
    expect(await admitted(6, 'bob')).toBe(6);
  });

  test('refuse with the Retry-After of the table, and are counted', async () => {
    const { made, metrics, admitted } = limiter(LIMITS);
    await admitted(6);
    await expect(made.admit({ subject: 'ann', method: 'POST', route: '/orders' })).rejects.toMatchObject({
      status: 429,
      headers: { 'retry-after': '1', 'x-limit': 'endpoint' },
    });
    await admitted(10);
    await expect(made.admit({ subject: 'ann', method: 'POST', route: '/orders' })).rejects.toMatchObject({ status: 429, retryAfterSeconds: 10 });
    expect((await metrics.rateLimitDenials.get()).values.some(({ labels, value }) => labels.limit === 'endpoint' && value > 0)).toBe(true);
  });

  test('come back with time', async () => {
    const { admitted } = limiter(LIMITS);
    await admitted(6);
    expect(await admitted(1)).toBe(0);
    await pause(1100);
    expect(await admitted(1)).toBe(1);
  });

  test('are divided in an emergency', async () => expect(await limiter(LIMITS, { emergency: true }).admitted(10)).toBe(3));
  test('begin at half after the state was lost', async () => expect(await limiter(LIMITS, { warmUp: 0.5 }).admitted(10)).toBe(3));
  test('are shared between pods that count for themselves: each lets a burst through, and then its part of the rate', async () => {
    const { admitted } = limiter(LIMITS, { replicas: 3 });
    expect(await admitted(10)).toBe(6);
    // Alone it would have six again by now.
    await pause(1100);
    expect(await admitted(10)).toBe(0);
  });
  test('are none where none are declared', async () => expect(await limiter(null).admitted(100)).toBe(100));
  test('let everything through while the limiter is away, where that was declared', async () =>
    expect(await limiter({ ...LIMITS, limiterDown: 'open' }).admitted(100)).toBe(100));
  test('let nothing through while the limiter is away, where that was declared', async () => {
    const { made } = limiter({ ...LIMITS, limiterDown: 'closed' });
    await expect(made.admit({ subject: 'ann', method: 'POST', route: '/orders' })).rejects.toMatchObject({ status: 503, code: 'limiter_unavailable' });
  });
});

test('warming up goes from a half to the whole', () => {
  const state = { now: 1_000_000 };
  const warmUp = new WarmUp(() => state.now);
  warmUp.bornAt(state.now);
  expect(warmUp.factor(60)).toBe(0.5);
  state.now += 30_000;
  expect(warmUp.factor(60)).toBe(0.75);
  state.now += 60_000;
  expect(warmUp.factor(60)).toBe(1);
  expect(warmUp.factor(0)).toBe(1);
});

describe('a guard', () => {
  const failing = (): Promise<never> => Promise.reject(new Error('away'));

  test('stops asking after three errors, and looks again', async () => {
    const changes: boolean[] = [];
    const guard = guarded(1000, (isOpen) => changes.push(isOpen));
    for (let times = 0; times < 3; times += 1) await expect(guard.run(failing)).rejects.toThrow('away');
    const asked = jest.fn(() => Promise.resolve('here'));
    await expect(guard.run(asked)).rejects.toThrow(/circuit/i);
    expect(asked).not.toHaveBeenCalled();
    await pause(1100);
    await expect(guard.run(asked)).resolves.toBe('here');
    expect(changes).toEqual([true, false]);
  });

  test('does not wait longer than it says', async () => {
    const begun = performance.now();
    await expect(guarded(50, () => undefined).run(() => pause(5000, undefined, { ref: false }))).rejects.toThrow(/timed out/i);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe('the files', () => {
  test('are read as the model renders them', () => {
    const path = { method: 'POST', path: '/orders', requestsPerSecond: 5 };
    const workload = { name: 'shop', public: { host: null, paths: ['/'], port: 'http', endpoints: [path] } };
    const read = readLimits(renderLimits(EDGE_DEFAULTS, { workloads: [workload as unknown as Workload] }));
    expect(read.user).toEqual(perSecond(10, 10));
    expect(read.endpoints).toEqual([{ method: 'POST', path: '/orders', ...perSecond(5, 1) }]);
    expect(read.emergency.user.requestsPerSecond).toBe(2.5);
  });
  test('are refused when a limit is missing', () => expect(() => readLimits('{"user":{}}')).toThrow(/requestsPerSecond/));
  test('say who answers for an emergency, and until when', () =>
    expect(() => readSwitches('{"nonceUnchecked":{"by":"","reason":"x","until":"soon"}}')).toThrow(/by.*until/s));
  test('are read as commands write them', () => {
    const blocked = { user: 'did:key:z6Mk', until: null, reason: 'fraud', by: 'ann' };
    const nonceUnchecked = { by: 'ann', reason: 'the store burns', until: '2026-11-22T12:00:00.000Z' };
    const read = readSwitches(renderSwitches({ emergencyLimits: true, nonceUnchecked, blockedUsers: [blocked] }));
    expect(read).toEqual({ emergencyLimits: true, nonceUnchecked, blockedUsers: [{ user: blocked.user, until: null }] });
  });
  test('switch nothing when they are empty', () => expect(readSwitches('{}')).toEqual(NO_SWITCHES));
});
