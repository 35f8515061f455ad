import { Drain } from '../../../examples/backend/events/drain';
import { Intake } from '../../../examples/backend/events/intake';
import type { Event } from '../../../examples/backend/events/store';
import { createMetrics } from '../../../examples/backend/metrics';
import { FakeEvents, FakeQueue } from './fakes';

const event = (id: string): Event => ({ id, type: 'moved', payload: {} });
const remaining = (): number => 1000;

const intake = (mode: 'database' | 'queue' = 'database', backpressureAt = 3) => {
  const store = new FakeEvents();
  const queue = new FakeQueue();
  const state = { time: 0, reachable: true };
  const metrics = createMetrics();
  const common = { store, queue, metrics, databaseReachable: () => state.reachable, onProblem: () => undefined };
  const taking = new Intake({ ...common, mode, backpressureAt, monotonic: () => (state.time += 1000) });
  const drain = new Drain({ ...common, rate: () => null, depth: () => taking.depth() });
  return { store, queue, state, metrics, taking, drain };
};

describe('the intake of events', () => {
  test('stores them where the database answers', async () => {
    const { taking, store, queue } = intake();
    await expect(taking.accept(event('a'), remaining)).resolves.toBe('stored');
    expect([store.rows.size, queue.waiting.length]).toEqual([1, 0]);
  });

  test('queues them when it does not, also before anybody has noticed', async () => {
    const { taking, store, queue, state } = intake();
    store.away = true;
    await expect(taking.accept(event('a'), remaining)).resolves.toBe('queued');
    state.reachable = false;
    await expect(taking.accept(event('b'), remaining)).resolves.toBe('queued');
    expect(queue.waiting.map(({ event: { id } }) => id)).toEqual(['a', 'b']);
  });

  test('does not queue what the database refuses', async () => {
    const { taking, store, queue } = intake();
    store.add = () => Promise.reject(Object.assign(new Error('no such type'), { code: '22P02' }));
    await expect(taking.accept(event('a'), remaining)).rejects.toThrow('no such type');
    expect(queue.waiting).toEqual([]);
  });

  test('accepts nothing when neither keeps it', async () => {
    const { taking, store, queue, state } = intake();
    store.away = queue.away = true;
    state.reachable = false;
    await expect(taking.accept(event('a'), remaining)).rejects.toMatchObject({ status: 503, code: 'events_unavailable' });
  });

  test('tries the database to the end when only the queue fails', async () => {
    const { taking, store, queue } = intake('queue');
    queue.away = true;
    await expect(taking.accept(event('a'), remaining)).resolves.toBe('stored');
    expect(store.rows.size).toBe(1);
  });

  test('asks to slow down from the limit on', async () => {
    const { taking, state, queue } = intake('database', 3);
    state.reachable = false;
    for (const id of ['a', 'b', 'c']) await taking.accept(event(id), remaining);
    await expect(taking.accept(event('d'), remaining)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 5 });
    expect(queue.waiting).toHaveLength(3);
  });

  test('shows how many wait', async () => {
    const { taking, state, metrics } = intake();
    state.reachable = false;
    await taking.accept(event('a'), remaining);
    expect(await taking.depth()).toBe(1);
    expect((await metrics.queueDepth.get()).values[0]?.value).toBe(1);
  });
});

describe('the way from the queue into the database', () => {
  test('brings each event once, also one that was sent twice', async () => {
    const { taking, drain, store, queue, state } = intake('database', 10);
    state.reachable = false;
    for (const id of ['a', 'a', 'b']) await taking.accept(event(id), remaining);
    await expect(drain.once()).resolves.toBe(3);
    expect([...store.rows.keys()]).toEqual(['a', 'b']);
    expect(queue.waiting).toEqual([]);
  });

  test('brings again what a pod did not finish, and it is there once', async () => {
    const { taking, drain, store, queue, state } = intake('database', 10);
    state.reachable = false;
    for (const id of ['a', 'b']) await taking.accept(event(id), remaining);
    queue.finishFails = true;
    await expect(drain.once()).rejects.toThrow('the pod died');
    queue.finishFails = false;
    await drain.once();
    expect([store.rows.size, store.writes, queue.waiting.length]).toEqual([2, 4, 0]);
  });

  test('keeps to a rate that was asked for', async () => {
    const { taking, store, queue, metrics, state } = intake('database', 100);
    state.reachable = false;
    for (let index = 0; index < 20; index += 1) await taking.accept(event(String(index)), remaining);
    const slow = new Drain({ store, queue, metrics, databaseReachable: () => true, rate: () => 2, depth: () => taking.depth(), onProblem: () => undefined });
    // It looks four times a second.
    for (let looks = 0; looks < 12; looks += 1) await slow.once();
    expect(store.rows.size).toBe(6);
  });

  test('keeps everything in the queue while the database is away', async () => {
    const { taking, drain, store, queue, state } = intake();
    state.reachable = false;
    await taking.accept(event('a'), remaining);
    store.away = true;
    await expect(drain.once()).rejects.toThrow('ECONNREFUSED');
    expect(queue.waiting).toHaveLength(1);
  });
});
