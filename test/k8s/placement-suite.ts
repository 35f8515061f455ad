import type { Kubectl } from './admission';
import { at, listAt, nameOf } from './fixtures';

interface Placed {
  readonly pod: string;
  readonly component: string;
  readonly zone: string;
}

const json = async (kubectl: Kubectl, ...args: readonly string[]): Promise<unknown> => {
  const result = await kubectl([...args, '-o', 'json']);
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
  return JSON.parse(result.stdout);
};
const labelOf = (object: unknown, label: string): string => String((at(object, 'metadata.labels') as Record<string, string> | undefined)?.[label]);

const placed = async (kubectl: Kubectl): Promise<readonly Placed[]> => {
  const nodes = new Map(
    listAt(await json(kubectl, 'get', 'nodes'), 'items').map((node) => [nameOf(at(node, 'metadata')), labelOf(node, 'topology.kubernetes.io/zone')]),
  );
  return listAt(await json(kubectl, 'get', 'pods', '-n', 'data'), 'items').map((pod) => ({
    pod: nameOf(at(pod, 'metadata')),
    component: labelOf(pod, 'app.kubernetes.io/name'),
    zone: nodes.get(String(at(pod, 'spec.nodeName'))) ?? 'nowhere',
  }));
};

/** Asks the server whether a pod may be evicted now, without evicting it. */
const mayEvict = async (kubectl: Kubectl, pod: string): Promise<boolean> => {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: 'data' }, deleteOptions: { dryRun: ['All'] } };
  const result = await kubectl(['create', '--raw', `/api/v1/namespaces/data/pods/${pod}/eviction`, '-f', '-'], JSON.stringify(eviction));
  if (result.code !== 0 && !result.stderr.includes('disruption budget')) throw new Error(result.stderr);
  return result.code === 0;
};

/**
 * Tests against a real scheduler: a cluster of three zones in which the charts of a home region run, all of it healthy.
 * Nothing is changed but one node, which is cordoned and released again.
 */
export const describePlacement = (kubectl: () => Kubectl): void => {
  test.each(['etcd', 'postgres', 'pgbouncer'])('%s has a pod in each zone', async (component) => {
    const zones = (await placed(kubectl())).filter((p) => p.component === component).map((p) => p.zone);
    expect(zones).toHaveLength(3);
    expect(new Set(zones).size).toBe(3);
    expect(zones).not.toContain('nowhere');
  });

  test('PostgreSQL member i is in the zone of etcd-i', async () => {
    const pods = await placed(kubectl());
    const zoneOf = (name: string): string | undefined => pods.find(({ pod }) => pod === name)?.zone;
    const members = pods.filter(({ component }) => component === 'postgres');
    expect(members.map(({ zone }) => zone)).toEqual(members.map(({ pod }) => zoneOf(`etcd-${pod.split('-').at(-1) ?? ''}`)));
    expect(members).toHaveLength(3);
  });

  test('while one etcd member is away no other may be evicted: a drained zone keeps the quorum', async () => {
    const ask = kubectl();
    const [first] = (await placed(ask)).filter(({ component }) => component === 'etcd');
    if (first === undefined) throw new Error('no etcd member runs');
    const node = String(at(await json(ask, 'get', 'pod', first.pod, '-n', 'data'), 'spec.nodeName'));
    expect(await mayEvict(ask, 'etcd-1')).toBe(true);
    await ask(['cordon', node]);
    try {
      await ask(['delete', 'pod', first.pod, '-n', 'data', '--wait']);
      const others = ['etcd-0', 'etcd-1', 'etcd-2'].filter((name) => name !== first.pod);
      expect(await Promise.all(others.map((name) => mayEvict(ask, name)))).toEqual([false, false]);
    } finally {
      await ask(['uncordon', node]);
      await ask(['rollout', 'status', 'statefulset/etcd', '-n', 'data', '--timeout=60s']);
    }
  }, 120_000);
};
