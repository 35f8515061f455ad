/** A cluster in words: nodes by the place they have, and what each knows of the others. */
import type { Look, NodeSight, TableEntry } from '../../../agents/cache-keeper/sight';
import type { Expected } from '../../../agents/cache-keeper/decide';
import { cacheHost } from '../../../lib/services/cache-keeper';
import { cachePlacement, slotsOfShard, type CachePod } from '../../../lib/topology/cache-placement';

export const ZONES = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];
export const PODS = cachePlacement({ shards: 3, replicasPerMaster: 2 }, ZONES);
export const EXPECTED: Expected = { pods: PODS, shards: 3, replicasPerMaster: 2, nodeTimeoutSeconds: 1, minReplicasToWrite: 1 };

export const idOf = (pod: string): string => `id-${pod}`;
export const addressOf = (pod: string): string => `10.0.0.${PODS.findIndex((p) => p.name === pod) + 1}`;
const masterName = (pod: CachePod): string => PODS.find((p) => p.shard === pod.shard && p.copy === 0)?.name ?? '';

const entry = (pod: CachePod): TableEntry => ({
  id: idOf(pod.name),
  address: addressOf(pod.name),
  host: cacheHost(pod.name),
  flags: [pod.copy === 0 ? 'master' : 'slave'],
  master: pod.copy === 0 ? null : idOf(masterName(pod)),
  epoch: pod.shard + 1,
  connected: true,
  slots: pod.copy === 0 ? [slotsOfShard(pod.shard, 3)] : [],
  open: [],
});

const healthyNode = (pod: CachePod): NodeSight => ({
  pod,
  id: idOf(pod.name),
  address: addressOf(pod.name),
  table: PODS.map(entry),
  role: pod.copy === 0 ? 'master' : 'replica',
  offset: 1000,
  linkUp: pod.copy !== 0,
  replicas: pod.copy === 0 ? 2 : 0,
  empty: false,
  loading: false,
  usedMemory: 10,
  maxMemory: 100,
  minReplicas: 1,
  keysInOpenSlots: {},
});

export const healthy = (): Look => ({ nodes: PODS.map(healthyNode), silent: [] });

/** With some nodes changed. */
export const withNodes = (look: Look, change: (node: NodeSight) => NodeSight): Look => ({ ...look, nodes: look.nodes.map(change) });
export const changeNode = (look: Look, name: string, change: Partial<NodeSight>): Look =>
  withNodes(look, (n) => (n.pod.name === name ? { ...n, ...change } : n));
/** What a node says of itself, changed. */
export const changeOwn = (look: Look, name: string, change: Partial<TableEntry>): Look =>
  withNodes(look, (n) => (n.pod.name === name ? { ...n, table: n.table.map((e) => (e.id === n.id ? { ...e, ...change } : e)) } : n));

export const without = (look: Look, ...names: readonly string[]): Look => ({
  nodes: look.nodes.filter((n) => !names.includes(n.pod.name)),
  silent: [...look.silent, ...look.nodes.filter((n) => names.includes(n.pod.name)).map((n) => ({ pod: n.pod, error: 'no answer' }))],
});

/** Nine nodes that have just started and know nobody. */
export const fresh = (): Look => ({
  silent: [],
  nodes: PODS.map((pod) => ({
    ...healthyNode(pod),
    role: 'master',
    linkUp: false,
    replicas: 0,
    empty: true,
    table: [{ ...entry(pod), flags: ['myself', 'master'], master: null, epoch: 0, slots: [] }],
  })),
});

/** After a failover: `heir` is the master of its shard, the old master is its replica. */
export const failedOver = (look: Look, heir: string): Look => {
  const pod = PODS.find((p) => p.name === heir);
  const old = PODS.find((p) => p.shard === pod?.shard && p.copy === 0)?.name ?? '';
  const table = (entries: readonly TableEntry[]): readonly TableEntry[] =>
    entries.map((e) => {
      if (e.id === idOf(heir)) return { ...e, flags: ['master'], master: null, epoch: 9, slots: [slotsOfShard(pod?.shard ?? 0, 3)] };
      if (e.id === idOf(old) || e.master === idOf(old)) return { ...e, flags: ['slave'], master: idOf(heir), slots: [] };
      return e;
    });
  return withNodes(look, (n) => ({
    ...n,
    table: table(n.table),
    ...(n.pod.name === heir ? { role: 'master' as const, replicas: 2, linkUp: false } : {}),
    ...(n.pod.name === old ? { role: 'replica' as const, replicas: 0, linkUp: true } : {}),
  }));
};
