/** What is not as it should be, in words. Pure. */
import type { CacheKeeperConfig, CacheNodeStatus, CacheStatus } from '../../lib/services/cache-keeper';
import { slotsOfShard } from '../../lib/topology/cache-placement';
import { masterOf, ownEntry, uncovered, type Look, type NodeSight } from './sight';

const shardsOf = (config: CacheKeeperConfig): readonly number[] => Array.from({ length: config.shards }, (_, i) => i);

const ofShard = (look: Look, config: CacheKeeperConfig, shard: number): readonly string[] => {
  const master = masterOf(look, shard, config.shards);
  if (master === undefined) return [`shard ${shard} has no master that answers`];
  const astray = look.nodes.filter((n) => n.pod.shard === shard && n !== master && (ownEntry(n)?.master !== master.id || !n.linkUp));
  return [
    ...(uncovered(slotsOfShard(shard, config.shards), ownEntry(master)?.slots ?? []).length > 0
      ? [`shard ${shard}: ${master.pod.name} lacks slots of it`]
      : []),
    ...astray.map((n) => `shard ${shard}: ${n.pod.name} is no replica in step of ${master.pod.name}`),
    ...(master.replicas < config.replicasPerMaster ? [`shard ${shard}: ${master.replicas} of ${config.replicasPerMaster} replicas in step`] : []),
    ...(master.pod.copy === 0 ? [] : [`shard ${shard}: its master is ${master.pod.name}, not at home`]),
  ];
};

const percentUsed = ({ usedMemory, maxMemory }: NodeSight): number => (maxMemory === 0 ? 0 : (100 * usedMemory) / maxMemory);

const ofNode = (node: NodeSight, config: CacheKeeperConfig): readonly string[] => {
  const name = node.pod.name;
  const wrongMinimum = node.role === 'master' && node.minReplicas !== config.minReplicasToWrite;
  return [
    ...(node.loading ? [`${name} is loading its data`] : []),
    // A replica has the same data.
    ...(node.role === 'master' && percentUsed(node) >= config.memoryAlertPercent
      ? [`${name}: memory at ${Math.floor(percentUsed(node))} % of maxmemory (alert from ${config.memoryAlertPercent} %)`]
      : []),
    ...(wrongMinimum ? [`${name} asks for ${node.minReplicas} replicas in step, not ${config.minReplicasToWrite}: a takeover has lowered it`] : []),
    ...(ownEntry(node)?.open ?? []).map(({ slot, direction }) => `${name}: slot ${slot} is ${direction}; see \`holdfast cache fix\``),
  ];
};

/** Empty: healthy. */
export const complaintsOf = (look: Look, config: CacheKeeperConfig): readonly string[] => [
  ...look.silent.map(({ pod, error }) => `${pod.name} does not answer: ${error}`),
  ...shardsOf(config).flatMap((shard) => ofShard(look, config, shard)),
  ...look.nodes.flatMap((node) => ofNode(node, config)),
];

const nodeStatus = (node: NodeSight): CacheNodeStatus => ({
  pod: node.pod.name,
  zone: node.pod.zone,
  shard: node.pod.shard,
  role: node.role,
  address: node.address,
  usedMemory: node.usedMemory,
  maxMemory: node.maxMemory,
  replicas: node.role === 'master' ? node.replicas : null,
  error: null,
});

export const statusOf = (look: Look, config: CacheKeeperConfig, at: Date): CacheStatus => ({
  at: at.toISOString(),
  nodes: config.pods.map((pod): CacheNodeStatus => {
    const node = look.nodes.find((n) => n.pod.name === pod.name);
    if (node !== undefined) return nodeStatus(node);
    const error = look.silent.find((s) => s.pod.name === pod.name)?.error ?? 'not looked at';
    return { pod: pod.name, zone: pod.zone, shard: pod.shard, role: null, address: null, usedMemory: null, maxMemory: null, replicas: null, error };
  }),
  masters: shardsOf(config).map((shard) => masterOf(look, shard, config.shards)?.pod.name ?? null),
  complaints: complaintsOf(look, config),
  reading: null,
});

/** A few lines for people. */
export const statusText = (status: CacheStatus): string =>
  [
    ...status.nodes.map((n) => {
      const memory = n.usedMemory === null || n.maxMemory === null ? '' : `${Math.round(n.usedMemory / 2 ** 20)} of ${Math.round(n.maxMemory / 2 ** 20)} MiB`;
      return `${n.pod.padEnd(12)} ${n.zone.padEnd(16)} shard ${n.shard}  ${(n.role ?? 'silent').padEnd(8)} ${(n.address ?? '').padEnd(16)} ${n.error ?? memory}`.trimEnd();
    }),
    status.complaints.length === 0 ? 'healthy' : `not healthy: ${status.complaints.join('; ')}`,
    '',
  ].join('\n');
