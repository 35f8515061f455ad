import { act } from '../../../agents/memory-keeper/act';
import { type Action, decide, done, type Memory, nothingRemembered, type PodMemory } from '../../../agents/memory-keeper/decide';
import { MemoryKeeper } from '../../../agents/memory-keeper/keep';
import { LEASE_SECONDS, Leadership } from '../../../agents/memory-keeper/lease';
import { observe, type Pod, type PodMetrics } from '../../../agents/memory-keeper/observe';
import { bytesOf } from '../../../agents/memory-keeper/quantity';
import { ApiError } from '../../../agents/restore/kubernetes';
import { memoryKeeperConfig, type MemoryKeeperConfig } from '../../../lib/services/memory-keeper';

const CONFIG: MemoryKeeperConfig = {
  ...memoryKeeperConfig({ workloads: [] }, 'applications', 'holdfast-system'),
  workloads: [{ name: 'backend', warnPercent: 70, restartPercent: 85 }],
};
const NOW = 1_000_000;
const pod = (name: string, percent: number | undefined, change: Partial<PodMemory> = {}): PodMemory => ({
  name,
  uid: name,
  workload: 'backend',
  ready: true,
  leaving: false,
  percent,
  measuredAt: NOW,
  ...change,
});
const kinds = (actions: readonly Action[]): readonly string[] => actions.map(({ kind, pod: { name } }) => `${kind} ${name}`);
/** A figure above the mark was seen once before. */
const seenOnce = (...names: readonly string[]): Memory => ({
  ...nothingRemembered,
  above: new Map(names.map((name) => [name, { count: 1, measuredAt: NOW - 10_000 }])),
});
const decided = (pods: readonly PodMemory[], memory: Memory = nothingRemembered): readonly string[] => kinds(decide(pods, memory, CONFIG, NOW).actions);

describe('what is done about memory', () => {
  test.each<[string, readonly PodMemory[], Memory, readonly string[]]>([
    ['69 %: nothing', [pod('a', 69), pod('b', 10)], nothingRemembered, []],
    ['70 %: people are told', [pod('a', 70), pod('b', 10)], nothingRemembered, ['warn a']],
    ['once, not at every look', [pod('a', 75), pod('b', 10)], { ...nothingRemembered, warned: new Map([['a', NOW - 60_000]]) }, []],
    ['and again after ten minutes', [pod('a', 75), pod('b', 10)], { ...nothingRemembered, warned: new Map([['a', NOW - 600_000]]) }, ['warn a']],
    ['90 % for the first time: only told', [pod('a', 90), pod('b', 10)], nothingRemembered, ['warn a']],
    ['90 % twice: replaced', [pod('a', 90), pod('b', 10)], seenOnce('a'), ['warn a', 'restart a']],
    ['two at once: the fuller one', [pod('a', 90), pod('b', 95), pod('c', 10)], seenOnce('a', 'b'), ['warn a', 'warn b', 'restart b']],
    ['not while another one is not ready', [pod('a', 90), pod('b', 10, { ready: false })], seenOnce('a'), ['warn a', 'hold a']],
    ['not while another one leaves', [pod('a', 90), pod('b', 10, { leaving: true })], seenOnce('a'), ['warn a', 'hold a']],
    ['not the only one', [pod('a', 90)], seenOnce('a'), ['warn a', 'hold a']],
    ['not soon after another one', [pod('a', 90), pod('b', 10)], { ...seenOnce('a'), restarted: new Map([['backend', NOW - 30_000]]) }, ['warn a', 'hold a']],
    ['one that leaves already is left alone', [pod('a', 99, { leaving: true }), pod('b', 10)], seenOnce('a'), []],
    ['a figure that is not known is not acted on', [pod('a', undefined), pod('b', 10)], seenOnce('a'), []],
    ['nor one that is old', [pod('a', 99, { measuredAt: NOW - 61_000 }), pod('b', 10)], seenOnce('a'), []],
    ["pods of others are nobody's business", [pod('x', 99, { workload: 'other' })], nothingRemembered, []],
  ])('%s', (_, pods, memory, expected) => expect(decided(pods, memory)).toEqual(expected));

  test('the same figure, read twice, counts once', () => {
    const memory: Memory = { ...nothingRemembered, above: new Map([['a', { count: 1, measuredAt: NOW }]]) };
    expect(decided([pod('a', 90), pod('b', 10)], memory)).toEqual(['warn a']);
  });

  test('a figure below the mark begins the count anew', () => {
    const { memory } = decide([pod('a', 80), pod('b', 10)], seenOnce('a'), CONFIG, NOW);
    expect(memory.above.size).toBe(0);
  });

  test('what was done is remembered, and only that', () => {
    const { actions, memory } = decide([pod('a', 90), pod('b', 10)], seenOnce('a'), CONFIG, NOW);
    const after = actions.reduce((m, action) => done(m, action, NOW), memory);
    expect([after.warned.get('a'), after.restarted.get('backend')]).toEqual([NOW, NOW]);
  });
});

describe('carrying it out', () => {
  const action: Action = { kind: 'restart', pod: pod('a', 90), because: '90 %' };
  const run = async (create: (path: string, object: object) => Promise<boolean>) =>
    act({ create }, { namespace: 'applications', me: 'keeper-1' }, action, new Date(NOW));

  test('evicts that very pod, then tells why', async () => {
    const created: [string, object][] = [];
    expect(await run((path, object) => (created.push([path, object]), Promise.resolve(true)))).toBe('done');
    expect(created.map(([path]) => path)).toEqual(['/api/v1/namespaces/applications/pods/a/eviction', '/apis/events.k8s.io/v1/namespaces/applications/events']);
    expect(created[0]?.[1]).toMatchObject({ kind: 'Eviction', deleteOptions: { preconditions: { uid: 'a' } } });
    expect(created[1]?.[1]).toMatchObject({ reason: 'MemoryRestart', type: 'Warning', regarding: { name: 'a', uid: 'a' } });
  });

  test.each([
    [429, 'the disruption budget'],
    [404, 'the pod is gone'],
    [409, 'another pod of that name'],
  ])('%i (%s) is a refusal, and nobody is told of a restart that was none', async (status) => {
    const paths: string[] = [];
    const refuse = (path: string): Promise<boolean> => (paths.push(path), Promise.reject(new ApiError('POST', status, 'no')));
    expect(await run(refuse)).toBe('refused');
    expect(paths).toHaveLength(1);
  });

  test('anything else is an error', async () => {
    await expect(run(() => Promise.reject(new ApiError('POST', 403, 'forbidden')))).rejects.toThrow(/403/);
  });
});

describe('what pods use', () => {
  test.each([
    ['128Mi', 128 * 2 ** 20],
    ['131072Ki', 128 * 2 ** 20],
    ['1G', 1e9],
    ['1500m', 1.5],
    ['2e9', 2e9],
    ['12', 12],
    ['much', undefined],
    ['', undefined],
  ])('%s', (quantity, bytes) => expect(bytesOf(quantity)).toBe(bytes));

  const object: Pod = {
    metadata: { name: 'a', uid: 'u', labels: { 'app.kubernetes.io/name': 'backend' } },
    spec: { containers: [{ name: 'app', resources: { limits: { memory: '256Mi' } } }] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  const metrics: PodMetrics = { metadata: { name: 'a' }, timestamp: '2026-01-01T00:00:00Z', containers: [{ name: 'app', usage: { memory: '229376Ki' } }] };
  const look = async (pods: readonly Pod[], items: readonly PodMetrics[]) =>
    observe({ list: <T>(path: string) => Promise.resolve((path.includes('metrics') ? items : pods) as unknown as readonly T[]) }, CONFIG);

  test('is compared with their limit', async () => expect(await look([object], [metrics])).toMatchObject([{ name: 'a', percent: 87.5, ready: true }]));
  test('is not known without metrics, and is not zero then', async () => expect((await look([object], []))[0]?.percent).toBeUndefined());
  test('is not known without a limit', async () =>
    expect((await look([{ ...object, spec: { containers: [{ name: 'app' }] } }], [metrics]))[0]?.percent).toBeUndefined());
  test('pods that ended and pods of others are not looked at', async () =>
    expect(
      await look(
        [
          { ...object, status: { phase: 'Failed' } },
          { ...object, metadata: { name: 'b', uid: 'b' } },
        ],
        [metrics],
      ),
    ).toEqual([]));
});

/** One Lease, as an API server keeps it. */
class FakeLease {
  lease: { metadata: { resourceVersion: string }; spec: { holderIdentity?: string } } | undefined;
  find = <T>(): Promise<T | undefined> => Promise.resolve(this.lease as T | undefined);
  create = (_: string, object: object): Promise<boolean> => {
    if (this.lease !== undefined) return Promise.resolve(false);
    this.lease = { ...(object as { spec: { holderIdentity: string } }), metadata: { resourceVersion: '1' } };
    return Promise.resolve(true);
  };
  patch = (_: string, change: object): Promise<void> => {
    const { metadata, spec } = change as { metadata: { resourceVersion: string }; spec: { holderIdentity: string } };
    if (metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return Promise.reject(new ApiError('PATCH', 409, 'changed'));
    this.lease = { metadata: { resourceVersion: String(Number(metadata.resourceVersion) + 1) }, spec };
    return Promise.resolve();
  };
}

describe('who acts', () => {
  let time = 0;
  let server: FakeLease;
  const replica = (name: string): Leadership =>
    new Leadership(
      server,
      'holdfast-system',
      'lease',
      name,
      () => time,
      () => NOW + time * 1000,
    );
  beforeEach(() => {
    time = 0;
    server = new FakeLease();
  });

  test('one of two, and the same one as long as it renews', async () => {
    const [one, other] = [replica('one'), replica('other')];
    expect(await one.hold()).toBe(true);
    for (time = 0; time < 60; time += 5) expect([await one.hold(), await other.hold()]).toEqual([true, false]);
  });

  test('the other one when the first is gone for longer than the lease, by its own clock', async () => {
    const [one, other] = [replica('one'), replica('other')];
    await one.hold();
    expect(await other.hold()).toBe(false);
    time = LEASE_SECONDS;
    expect(await other.hold()).toBe(false);
    time = LEASE_SECONDS + 1;
    expect(await other.hold()).toBe(true);
    expect(await one.hold()).toBe(false);
  });

  test('only one of two that try at the same moment', async () => {
    const [one, other] = [replica('one'), replica('other')];
    await replica('gone').hold();
    await Promise.all([one.hold(), other.hold()]);
    time = LEASE_SECONDS + 1;
    const outcomes = await Promise.allSettled([one.hold(), other.hold()]);
    expect(outcomes.filter((o) => o.status === 'fulfilled' && o.value)).toHaveLength(1);
  });
});

describe('a round', () => {
  const full = (measured: string) => ({ metadata: { name: 'a' }, timestamp: measured, containers: [{ name: 'app', usage: { memory: '250Mi' } }] });
  const podObject = (name: string) => ({
    metadata: { name, uid: name, labels: { 'app.kubernetes.io/name': 'backend' } },
    spec: { containers: [{ name: 'app', resources: { limits: { memory: '256Mi' } } }] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });

  test('replaces a pod that stays full, once; the standby never does', async () => {
    const lease = new FakeLease();
    let time = 0;
    const evicted: string[] = [];
    const keeper = (me: string): MemoryKeeper =>
      new MemoryKeeper(CONFIG, {
        cluster: {
          list: <T>(path: string) =>
            Promise.resolve(
              (path.includes('metrics') ? [full(new Date(NOW + time * 1000).toISOString())] : [podObject('a'), podObject('b')]) as unknown as T[],
            ),
          find: lease.find,
          patch: lease.patch,
          create: (path, object) => {
            if (path.endsWith('/leases')) return lease.create(path, object);
            if (path.endsWith('/eviction')) evicted.push(`${me}: ${path}`);
            return Promise.resolve(true);
          },
        },
        me,
        now: () => time,
        wallClock: () => NOW + time * 1000,
        log: () => undefined,
      });
    const [leader, standby] = [keeper('leader'), keeper('standby')];
    for (time = 0; time < 50; time += 5) {
      await leader.round();
      await standby.round();
    }
    expect(evicted).toEqual(['leader: /api/v1/namespaces/applications/pods/a/eviction']);
    expect(leader.metrics()).toContain('holdfast_memory_keeper_restarts_total 1\n');
    expect(leader.metrics()).toMatch(/pod_memory_percent\{workload="backend",pod="a"\} 97\.6/);
    expect(standby.metrics()).toContain('holdfast_memory_keeper_leading 0\n');
    expect(standby.isWell()).toBe(true);
  });
});
