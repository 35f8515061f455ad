import { holding, LeaseHeldError, LeaseLostError, type LeaseOptions } from '../../agents/held-lease';
import { FakeLease, StatusError } from './fake-lease';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const NEVER = new AbortController().signal;

const optionsFor = (cluster: LeaseOptions['cluster'], more: Partial<LeaseOptions> = {}): LeaseOptions & { readonly lines: string[] } => {
  const lines: string[] = [];
  return {
    ...{ cluster, namespace: 'ns', name: 'work', holder: 'me', durationSeconds: 30, renewEverySeconds: 10, now: Date.now },
    ...{ lines, log: (line) => void lines.push(line), sleep: () => Promise.resolve(), ...more },
  };
};

/** Works until it is told to stop. @returns why */
const untilLost = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('while it is held', () => {
  test('it is renewed for as long as the work lasts, and given back', async () => {
    const cluster = new FakeLease();
    const work = holding(optionsFor(cluster), NEVER, async () => new Promise((done) => setTimeout(() => done('done'), 65_000)));
    await jest.advanceTimersByTimeAsync(61_000);
    expect(cluster.lease?.spec).toMatchObject({ holderIdentity: 'me', renewTime: expect.stringMatching(/^2026-01-01T00:01:00/) as string });
    await jest.advanceTimersByTimeAsync(5_000);
    await expect(work).resolves.toBe('done');
    expect(cluster.lease?.spec.holderIdentity).toBeNull();
  });

  test("another's is never renewed, and the work is told at once", async () => {
    const cluster = new FakeLease();
    const options = optionsFor(cluster);
    const work = holding(options, NEVER, untilLost);
    await jest.advanceTimersByTimeAsync(5_000);
    cluster.takenBy('other', Date.now()); // we were frozen, and it ran out
    const before = structuredClone(cluster.lease);
    await jest.advanceTimersByTimeAsync(5_000);
    await expect(work).resolves.toEqual(new LeaseLostError('the Lease work is held by other now'));
    expect(cluster.lease).toEqual(before);
    expect(options.lines).toEqual(['the Lease work is held by other now']);
  });

  test('who takes it between our look and our write keeps it', async () => {
    const cluster = new FakeLease();
    const work = holding(
      optionsFor({
        create: cluster.create,
        patch: cluster.patch,
        find: async <T>() => {
          const seen = await cluster.find<T>();
          if (cluster.lease?.spec.holderIdentity === 'me') cluster.takenBy('other', Date.now());
          return seen;
        },
      }),
      NEVER,
      untilLost,
    );
    await jest.advanceTimersByTimeAsync(21_000);
    await expect(work).resolves.toBeInstanceOf(LeaseLostError);
    expect(cluster.lease?.spec.holderIdentity).toBe('other');
  });

  test.each([
    ['refused', () => Promise.reject(new StatusError(503))],
    ['never answered', () => new Promise<void>(() => undefined)],
  ])('renewals that are %s end the work before the Lease ends, and are logged', async (how, patch) => {
    const cluster = new FakeLease();
    const options = optionsFor({ find: cluster.find, create: cluster.create, patch });
    let endedAfter = Number.NaN;
    void holding(options, NEVER, async (signal) => {
      const because = await untilLost(signal);
      endedAfter = Date.now() - NOW;
      expect(because).toEqual(new LeaseLostError('the Lease work could not be renewed for 25 s'));
    }).catch(() => undefined);
    await jest.advanceTimersByTimeAsync(29_000);
    expect(endedAfter).toBe(25_000);
    if (how === 'refused') expect(options.lines[0]).toBe('the Lease work was not renewed: status 503');
    expect(options.lines).toContain('the Lease work could not be renewed for 25 s');
  });

  test('one renewal that fails is logged and costs nothing', async () => {
    const cluster = new FakeLease();
    let calls = 0;
    const flaky: LeaseOptions['cluster']['patch'] = (path, change) => (++calls === 1 ? Promise.reject(new StatusError(500)) : cluster.patch(path, change));
    const options = optionsFor({ find: cluster.find, create: cluster.create, patch: flaky });
    const work = holding(options, NEVER, () => new Promise((done) => setTimeout(() => done('done'), 35_000)));
    await jest.advanceTimersByTimeAsync(36_000);
    await expect(work).resolves.toBe('done');
    expect(options.lines).toEqual(['the Lease work was not renewed: status 500']);
  });
});

describe('it is taken', () => {
  const attempt = (cluster: FakeLease, more: Partial<LeaseOptions> = {}): Promise<string> =>
    holding(optionsFor(cluster, more), NEVER, () => Promise.resolve('mine'));

  test('not while another holds it', async () => {
    const cluster = new FakeLease();
    cluster.takenBy('other', NOW - 29_000);
    await expect(attempt(cluster)).rejects.toThrow(new LeaseHeldError('held by other'));
    expect(cluster.patches).toBe(0);
  });

  test('when its holder died', async () => {
    const cluster = new FakeLease();
    cluster.takenBy('dead', NOW - 31_000);
    await expect(attempt(cluster)).resolves.toBe('mine');
  });

  test.each([-3600, 3600])('not from a holder that lives and whose clock is off by %i s', async (off) => {
    const cluster = new FakeLease();
    cluster.takenBy('other', NOW + off * 1000);
    const sleep = (seconds: number): Promise<void> => {
      expect(seconds).toBe(15); // long enough for a renewal
      cluster.takenBy('other', NOW + off * 1000 + 10_000);
      return Promise.resolve();
    };
    await expect(attempt(cluster, { sleep })).rejects.toThrow('held by other');
    expect(cluster.lease?.spec.holderIdentity).toBe('other');
  });

  test('by one of two who want it at once', async () => {
    const cluster = new FakeLease();
    cluster.takenBy('dead', NOW - 60_000);
    const both = await Promise.allSettled([attempt(cluster, { holder: 'a' }), attempt(cluster, { holder: 'b' })]);
    expect(both.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(both.find((one) => one.status === 'rejected')).toMatchObject({ reason: new LeaseHeldError('taken by another at the same moment') });
  });
});

test("giving back leaves another's alone; an API server that is gone is logged, and the work's result stands", async () => {
  const cluster = new FakeLease();
  await holding(optionsFor(cluster), NEVER, () => {
    cluster.takenBy('other', NOW);
    return Promise.resolve();
  });
  expect(cluster.lease?.spec.holderIdentity).toBe('other');
  cluster.lease = undefined;
  const options = optionsFor({ create: cluster.create, patch: cluster.patch, find: () => Promise.reject(new Error('refused')) });
  await expect(holding(options, NEVER, () => Promise.resolve('done'))).resolves.toBe('done');
  expect(options.lines).toEqual(['the Lease work was not given back, and ends by itself: refused']);
});
