import { Peers } from '../../../examples/backend/cache/peers';
import { Monitor } from '../../../examples/backend/health/monitor';
import { PARTITION_AFTER_MS, readiness, type Situation } from '../../../examples/backend/health/readiness';
import { createMetrics } from '../../../examples/backend/metrics';

const well: Situation = { draining: false, unready: false, needs: [], lost: [], databaseLostMs: 0, aPeerHasDatabase: false };
const partitioned: Situation = { ...well, lost: ['database'], databaseLostMs: PARTITION_AFTER_MS, aPeerHasDatabase: true };

describe('a pod is ready', () => {
  test.each<[string, Partial<Situation>]>([
    ['with everything there', {}],
    ['without the cache: the database serves', { lost: ['cache'] }],
    ['without the database, when no other pod has it: it takes events, and says 503 with Retry-After', { ...partitioned, aPeerHasDatabase: false }],
    ['without the database for a moment', { ...partitioned, databaseLostMs: PARTITION_AFTER_MS - 1 }],
  ])('%s', (_name, more) => expect(readiness({ ...well, ...more }).ready).toBe(true));

  test('and says what it goes without', () => expect(readiness({ ...well, lost: ['cache'] })).toEqual({ ready: true, degraded: ['cache'] }));
});

describe('a pod leaves', () => {
  test.each<[string, Partial<Situation>, RegExp]>([
    ['when it is stopped', { draining: true }, /draining/],
    ['when a drill says so', { unready: true }, /drill/],
    ['without the database that another pod reaches', partitioned, /can from another pod/],
    ['without what it was told to need, whoever has it', { needs: ['database'], lost: ['database'] }, /READY_NEEDS names database/],
    ['without anything to serve from', { lost: ['database', 'cache'] }, /nothing to serve from/],
  ])('%s', (_name, more, because) => expect(readiness({ ...well, ...more })).toMatchObject({ ready: false, because: expect.stringMatching(because) }));
});

describe('what pods know of each other', () => {
  const peers = () => {
    const state = { time: 10_000 };
    return { state, peers: new Peers('shop-1-a', 3, () => state.time) };
  };

  test('is how many share a limit: those that were heard of, and as many as configured before', () => {
    const { peers: p } = peers();
    expect(p.count).toBe(3);
    p.hear([['shop-1-b', 100]]);
    expect(p.count).toBe(2);
  });

  test('is not shared with the pods of a release that waits, or has gone', () => {
    const { peers: p } = peers();
    p.hear([
      ['shop-1-b', 100],
      ['shop-2-c', 100],
      ['shop-2-d', -1],
    ]);
    expect(p.count).toBe(2);
  });

  test('is that another has reached the database after this one lost it; what it saw before counts for nothing', () => {
    const { peers: p, state } = peers();
    p.hear([
      ['shop-1-b', 1500],
      ['shop-2-c', -1],
    ]);
    expect(p.reachedDatabaseAfter(8000)).toBe(true);
    expect(p.reachedDatabaseAfter(9000)).toBe(false);
    state.time += 6000;
    expect(p.reachedDatabaseAfter(8000)).toBe(false);
  });

  test('a failover that takes the database from all of them makes none of them leave', () => {
    const { peers: p, state } = peers();
    // The others' last success is from before this pod's loss, whenever they notice theirs.
    const lostAt = state.time;
    for (let second = 1; second <= 8; second += 1) {
      state.time += 1000;
      p.hear([
        ['shop-1-b', 1000 * second + 200],
        ['shop-1-c', 1000 * second + 900],
      ]);
      expect(p.reachedDatabaseAfter(lostAt)).toBe(false);
    }
  });
});

describe('the monitor', () => {
  test('tells a loss and a return once each, with the reason', async () => {
    const told: unknown[] = [];
    const state = { fails: false, time: 0 };
    const check = (): Promise<void> => (state.fails ? Promise.reject(new Error('refused')) : Promise.resolve());
    const metrics = createMetrics();
    const monitor = new Monitor(
      { database: check },
      metrics,
      (part, { reachable, error }) => told.push([part, reachable, error]),
      () => (state.time += 500),
    );
    await monitor.look();
    state.fails = true;
    await monitor.look();
    await monitor.look();
    expect(monitor.lostFor('database')).toBeGreaterThan(0);
    expect((await metrics.degraded.get()).values.find(({ labels }) => labels.part === 'database')?.value).toBe(1);
    state.fails = false;
    await monitor.look();
    expect(told).toEqual([
      ['database', true, null],
      ['database', false, 'refused'],
      ['database', true, null],
    ]);
    expect(monitor.lostFor('database')).toBe(0);
  });
});
