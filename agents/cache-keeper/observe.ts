import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import type { CachePod } from '../../lib/topology/cache-placement';
import { reasonOf } from '../follower/log';
import type { Connections, Reply } from './connections';
import { parseTable, sightOfInfo, type Look, type NodeSight } from './sight';

const textOf = (reply: Reply): string => {
  if (typeof reply !== 'string') throw new Error(`a text was expected, got ${JSON.stringify(reply)}`);
  return reply;
};

const valueOf = (reply: Reply, name: string): string => {
  const list = Array.isArray(reply) ? reply.map(String) : [];
  const value = list[list.indexOf(name) + 1];
  if (value === undefined) throw new Error(`CONFIG GET ${name}: no value in ${JSON.stringify(reply)}`);
  return value;
};

const lookAt = async ({ call }: Connections, pod: CachePod): Promise<NodeSight> => {
  const [id, nodes, info, minimum] = await Promise.all([
    call(pod.name, ['CLUSTER', 'MYID']),
    call(pod.name, ['CLUSTER', 'NODES']),
    call(pod.name, ['INFO', 'replication', 'memory', 'persistence', 'keyspace']),
    call(pod.name, ['CONFIG', 'GET', 'min-replicas-to-write']),
  ]);
  const table = parseTable(textOf(nodes));
  const own = table.find((entry) => entry.id === id);
  if (own?.address === undefined || own.address === null) throw new Error(`${pod.name} does not know its own address`);
  const counts = await Promise.all(
    own.open.map(async ({ slot }) => [slot, Number(await call(pod.name, ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]))] as const),
  );
  return {
    pod,
    id: own.id,
    address: own.address,
    table,
    ...sightOfInfo(textOf(info)),
    minReplicas: Number(valueOf(minimum, 'min-replicas-to-write')),
    keysInOpenSlots: Object.fromEntries(counts),
  };
};

/** One look at every node, all at once. */
export const observe = async (connections: Connections, { pods }: Pick<CacheKeeperConfig, 'pods'>): Promise<Look> => {
  const seen = await Promise.all(
    pods.map(async (pod) => {
      try {
        return await lookAt(connections, pod);
      } catch (error) {
        return { pod, error: reasonOf(error) };
      }
    }),
  );
  return {
    nodes: seen.flatMap((one) => ('error' in one ? [] : [one])),
    silent: seen.flatMap((one) => ('error' in one ? [one] : [])),
  };
};
