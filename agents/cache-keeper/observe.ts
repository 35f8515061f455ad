import { cacheHost, type CacheKeeperConfig } from '../../lib/services/cache-keeper';
import type { CachePod } from '../../lib/topology/cache-placement';
import { reasonOf } from '../follower/log';
import type { Connections, Reply } from './connections';
import { parseTable, sightOfInfo, suspects, type Look, type NodeSight } from './sight';

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

type Answer = NodeSight | Look['silent'][number];

const lookOf = (answers: readonly Answer[]): Look => ({
  nodes: answers.flatMap((one) => ('error' in one ? [] : [one])),
  silent: answers.flatMap((one) => ('error' in one ? [one] : [])),
});

const answerOf = async (connections: Connections, pod: CachePod): Promise<Answer> => {
  try {
    return await lookAt(connections, pod);
  } catch (error) {
    return { pod, error: reasonOf(error) };
  }
};

type Pods = Pick<CacheKeeperConfig, 'pods'>;

/** One look at every node, all at once. */
export const observe = async (connections: Connections, { pods }: Pods): Promise<Look> =>
  lookOf(await Promise.all(pods.map((pod) => answerOf(connections, pod))));

/** So long after the last answer a node that every other one suspects is still waited for. */
const SUSPECTS_GRACE_SECONDS = 0.4;

/** Whether nobody is left to wait for but nodes that all those who answered suspect. */
export const onlySuspectsLeft = ({ pods }: Pods, answers: readonly Answer[]): boolean => {
  const { nodes } = lookOf(answers);
  const left = pods.filter((pod) => !answers.some((answer) => answer.pod.name === pod.name));
  return nodes.length > 0 && left.every((pod) => nodes.every((node) => suspects(node, cacheHost(pod.name))));
};

/**
 * The same for a person who waits: nodes that all others have given up are not waited for as long as a busy one would be.
 * @param pause waits so many seconds
 */
export const observeWithoutSuspects = async (connections: Connections, config: Pods, pause: (seconds: number) => Promise<void>): Promise<Look> => {
  const answers: Answer[] = [];
  const all = config.pods.map(async (pod) => void answers.push(await answerOf(connections, pod)));
  const everybody = Promise.all(all).then(() => true);
  for (let before = -1; ; before = answers.length) {
    if (await Promise.race([everybody, pause(SUSPECTS_GRACE_SECONDS).then(() => false)])) break;
    if (answers.length === before && onlySuspectsLeft(config, answers)) break;
  }
  const silent = config.pods.filter((pod) => !answers.some((answer) => answer.pod.name === pod.name));
  return lookOf([...answers, ...silent.map((pod) => ({ pod, error: 'no answer yet, and every node that answers suspects it' }))]);
};
