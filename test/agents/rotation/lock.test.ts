import { withLock } from '../../../agents/rotation/lock';
import { RotationError, type Cluster, type World } from '../../../agents/rotation/ports';
import { homeRegion } from '../../../lib/topology/derive';
import { environmentNamed } from '../../k8s/fixtures';

interface Lease {
  metadata: { resourceVersion: string };
  spec: { holderIdentity: string | null; renewTime: string | null };
}

class StatusError extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

/** An API server that knows one Lease. */
class FakeCluster implements Cluster {
  lease: Lease | undefined;
  private version = 0;

  get = <T>(): Promise<T> => Promise.resolve(structuredClone(this.lease) as T);
  list = <T>(): Promise<readonly T[]> => Promise.resolve([]);
  remove = (): Promise<void> => Promise.resolve();
  create = (_path: string, object: unknown): Promise<void> => {
    if (this.lease !== undefined) return Promise.reject(new StatusError(409));
    this.lease = { metadata: { resourceVersion: String(++this.version) }, spec: (object as Lease).spec };
    return Promise.resolve();
  };
  patch = (_path: string, change: unknown): Promise<void> => {
    const { metadata, spec } = change as { metadata?: { resourceVersion: string }; spec: Lease['spec'] };
    if (metadata !== undefined && metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return Promise.reject(new StatusError(409));
    this.lease = { metadata: { resourceVersion: String(++this.version) }, spec };
    return Promise.resolve();
  };
}

const environment = environmentNamed('lab');
const worldWith = (cluster: Cluster, now: () => number): World => ({
  environment,
  region: homeRegion(environment),
  cluster,
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
  const cluster = new FakeCluster();
  const world = worldWith(cluster, () => NOW);
  await withLock(world, 'first', async () => {
    await expect(withLock(world, 'second', () => Promise.resolve())).rejects.toThrow(/a rotation is running \(first\); two at once are refused/);
  });
  await expect(withLock(world, 'second', () => Promise.resolve('done'))).resolves.toBe('done');
});

test('the lock of one that died is taken over after its last sign of life, not before', async () => {
  const cluster = new FakeCluster();
  let now = NOW;
  const world = worldWith(cluster, () => now);
  await cluster.create('', { spec: { holderIdentity: 'dead', renewTime: new Date(NOW).toISOString() } });
  now = NOW + 14_000;
  await expect(withLock(world, 'next', () => Promise.resolve())).rejects.toThrow(RotationError);
  now = NOW + 16_000;
  await expect(withLock(world, 'next', () => Promise.resolve('done'))).resolves.toBe('done');
});

test('who takes the lock over first has it: the other one sees a changed Lease', async () => {
  const cluster = new FakeCluster();
  await cluster.create('', { spec: { holderIdentity: 'dead', renewTime: new Date(NOW - 60_000).toISOString() } });
  const stale = structuredClone(cluster.lease);
  cluster.get = <T>(): Promise<T> => Promise.resolve(stale as T);
  await cluster.patch('', { spec: { holderIdentity: 'quick', renewTime: new Date(NOW).toISOString() } });
  await expect(
    withLock(
      worldWith(cluster, () => NOW),
      'slow',
      () => Promise.resolve(),
    ),
  ).rejects.toThrow(/another command/);
});

test('it is given back when the work fails', async () => {
  const cluster = new FakeCluster();
  const world = worldWith(cluster, () => NOW);
  await expect(withLock(world, 'first', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(cluster.lease?.spec.holderIdentity).toBeNull();
});
