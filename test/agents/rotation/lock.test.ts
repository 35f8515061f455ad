import { withLock } from '../../../agents/rotation/lock';
import { RotationError, type Cluster, type World } from '../../../agents/rotation/ports';
import { homeRegion } from '../../../lib/topology/derive';
import { environmentNamed } from '../../k8s/fixtures';
import { FakeLease, StatusError } from '../fake-lease';

/** The same, as a rotation sees it: what is there already is an error with status 409. */
const seenBy = (lease: FakeLease): Cluster => ({
  get: async <T>() => (await lease.find<T>()) ?? Promise.reject(new StatusError(404)),
  list: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
  create: async (path, object) => {
    if (!(await lease.create(path, object as object))) throw new StatusError(409);
  },
  patch: (path, change) => lease.patch(path, change as object),
});

const environment = environmentNamed('lab');
const worldWith = (lease: FakeLease, now: () => number): World => ({
  environment,
  region: homeRegion(environment),
  cluster: seenBy(lease),
  standbys: [],
  now,
  sleep: () => Promise.resolve(),
  progress: () => undefined,
  signal: new AbortController().signal,
  publish: () => Promise.resolve(),
  issue: () => Promise.reject(new Error('not asked for')),
  newAuthority: () => Promise.reject(new Error('not asked for')),
});

const NOW = Date.parse('2026-01-01T00:00:00Z');

test('two rotations at once are refused, and the first goes on', async () => {
  const cluster = new FakeLease();
  const world = worldWith(cluster, () => NOW);
  await withLock(world, 'first', async () => {
    await expect(withLock(world, 'second', () => Promise.resolve())).rejects.toThrow(/a rotation is running \(held by first\); two at once are refused/);
  });
  await expect(withLock(world, 'second', () => Promise.resolve('done'))).resolves.toBe('done');
});

test('the lock of one that died is taken over after its last sign of life, not before', async () => {
  const cluster = new FakeLease();
  let now = NOW;
  const world = worldWith(cluster, () => now);
  cluster.takenBy('dead', NOW);
  now = NOW + 14_000;
  await expect(withLock(world, 'next', () => Promise.resolve())).rejects.toThrow(RotationError);
  now = NOW + 16_000;
  await expect(withLock(world, 'next', () => Promise.resolve('done'))).resolves.toBe('done');
});

test('who takes the lock over first has it: the other one sees a changed Lease', async () => {
  const cluster = new FakeLease();
  cluster.takenBy('dead', NOW - 60_000);
  const stale = structuredClone(cluster.lease);
  cluster.find = <T>(): Promise<T> => Promise.resolve(stale as T);
  cluster.takenBy('quick', NOW);
  await expect(
    withLock(
      worldWith(cluster, () => NOW),
      'slow',
      () => Promise.resolve(),
    ),
  ).rejects.toThrow(/taken by another/);
});

test('it is given back when the work fails', async () => {
  const cluster = new FakeLease();
  const world = worldWith(cluster, () => NOW);
  await expect(withLock(world, 'first', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(cluster.lease?.spec.holderIdentity).toBeNull();
});
