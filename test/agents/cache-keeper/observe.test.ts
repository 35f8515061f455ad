import type { Connections, Reply } from '../../../agents/cache-keeper/connections';
import { observeWithoutSuspects, onlySuspectsLeft } from '../../../agents/cache-keeper/observe';
import { parseTable, suspects, type NodeSight } from '../../../agents/cache-keeper/sight';
import { cacheHost } from '../../../lib/services/cache-keeper';
import { healthy, PODS } from './cluster';

const line = (pod: string, flags: string): string => `id-${pod} 10.0.0.${pod.charCodeAt(6)}:6379@16379,${cacheHost(pod)} ${flags} - 0 0 1 connected`;

/** Nodes that answer as long as they are not in the list of those that hang; and all of them suspect these. */
const connectionsTo = (hanging: readonly string[], suspected: readonly string[]): Connections => ({
  close: () => undefined,
  call: (pod, [command, subject]): Promise<Reply> => {
    if (hanging.includes(pod)) return new Promise(() => undefined);
    if (command === 'CLUSTER' && subject === 'MYID') return Promise.resolve(`id-${pod}`);
    if (command === 'CLUSTER') return Promise.resolve(PODS.map((p) => line(p.name, suspected.includes(p.name) ? 'master,fail?' : 'master')).join('\n'));
    return Promise.resolve(command === 'INFO' ? 'role:master\r\n' : ['min-replicas-to-write', '1']);
  },
});

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the name that a node announces is read, with and without more behind it', () => {
  const [named, more, none] = parseTable(
    ['a 10.0.0.1:6379@16379,cache-a-0.cache', 'b 10.0.0.2:6379@16379,cache-a-1.cache,shard-id=9', 'c 10.0.0.3:6379@16379,,shard-id=9']
      .map((start) => `${start} master - 0 0 1 connected`)
      .join('\n'),
  );
  expect([named?.host, more?.host, none?.host]).toEqual(['cache-a-0.cache', 'cache-a-1.cache', null]);
  expect(named?.address).toBe('10.0.0.1');
});

test('a takeover does not wait for nodes that everybody suspects', async () => {
  const look = await observeWithoutSuspects(connectionsTo(['cache-b-0', 'cache-c-0'], ['cache-b-0', 'cache-c-0']), { pods: PODS }, tick);
  expect(look.silent.map(({ pod }) => pod.name)).toEqual(['cache-b-0', 'cache-c-0']);
  expect(look.nodes).toHaveLength(PODS.length - 2);
});

test('but for one that is only slow', () => {
  const look = healthy();
  const late = look.nodes.filter((node) => node.pod.name !== 'cache-b-0');
  expect(onlySuspectsLeft({ pods: PODS }, late)).toBe(false);
  expect(onlySuspectsLeft({ pods: PODS }, [])).toBe(false);
});

test('nor when one node does not suspect it', () => {
  const suspicious = (node: NodeSight): NodeSight => ({
    ...node,
    table: node.table.map((e) => (e.host === cacheHost('cache-b-0') ? { ...e, flags: ['master', 'fail?'] } : e)),
  });
  const [first, ...rest] = healthy().nodes.filter((node) => node.pod.name !== 'cache-b-0');
  if (first === undefined) throw new Error('there are nodes');
  expect(onlySuspectsLeft({ pods: PODS }, [first, ...rest].map(suspicious))).toBe(true);
  expect(onlySuspectsLeft({ pods: PODS }, [first, ...rest.map(suspicious)])).toBe(false);
  expect(suspects(first, cacheHost('cache-b-0'))).toBe(false);
});
