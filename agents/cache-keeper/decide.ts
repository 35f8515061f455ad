/** What the keeper does about what it sees. Pure: the same look gives the same steps, whichever keeper decides. */
import { type SlotRange, slotsOfShard } from '../../lib/topology/cache-placement';
import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import { masterOf, ownEntry, uncovered, type Look, type NodeSight, type TableEntry } from './sight';
import type { Step } from './steps';

export type Expected = Pick<CacheKeeperConfig, 'pods' | 'shards' | 'replicasPerMaster' | 'nodeTimeoutSeconds' | 'minReplicasToWrite'>;

const shardsOf = ({ shards }: Expected): readonly number[] => Array.from({ length: shards }, (_, i) => i);

/** What `node` knows of `other`, once they have shaken hands. */
const known = (node: NodeSight, other: NodeSight): TableEntry | undefined =>
  node.table.find((entry) => entry.id === other.id && !entry.flags.includes('handshake'));

/** After a restart a node has another address; normally it tells the others itself, unless all of them have moved. */
export const introductions = ({ nodes }: Look): readonly Step[] =>
  nodes.flatMap((a, i) =>
    nodes
      .slice(i + 1)
      .filter((b) => known(a, b)?.address !== b.address || known(b, a)?.address !== a.address)
      .map((b): Step => ({ kind: 'meet', pod: a.pod.name, address: b.address, because: `${a.pod.name} and ${b.pod.name} don't know each other's address` })),
  );

const ownedSlots = ({ nodes }: Look): readonly SlotRange[] => nodes.flatMap((node) => node.table.flatMap((entry) => entry.slots));

/** A new cluster's slots, and those that nobody has. Only when every node answers: a silent one may have them. */
export const assignments = (look: Look, expected: Expected): readonly Step[] => {
  if (look.silent.length > 0) return [];
  return shardsOf(expected).flatMap((shard): readonly Step[] => {
    const missing = uncovered(slotsOfShard(shard, expected.shards), ownedSlots(look));
    if (missing.length === 0) return [];
    const owner = masterOf(look, shard, expected.shards) ?? look.nodes.find((n) => n.pod.shard === shard && n.pod.copy === 0 && n.role === 'master');
    if (owner === undefined) return [];
    const because = `no node has these slots of shard ${shard}`;
    const alone = owner.table.length === 1 && ownEntry(owner)?.epoch === 0;
    const epoch: readonly Step[] = alone
      ? [{ kind: 'set-epoch', pod: owner.pod.name, epoch: shard + 1, because: 'masters of a new cluster need different epochs' }]
      : [];
    return [...epoch, { kind: 'add-slots', pod: owner.pod.name, slots: missing, because }];
  });
};

const holdsSlots = (node: NodeSight): boolean => (ownEntry(node)?.slots.length ?? 0) > 0;

/** Every node follows the master of the shard that its place is for: so no AZ ever has two copies of one. */
export const attachments = (look: Look, expected: Expected): readonly Step[] =>
  look.nodes.flatMap((node): readonly Step[] => {
    const master = masterOf(look, node.pod.shard, expected.shards);
    if (master === undefined || master === node || holdsSlots(node) || ownEntry(node)?.master === master.id) return [];
    // A master can only follow when it has nothing of its own to lose; the node must know the master to follow it.
    if ((node.role === 'master' && !node.empty) || known(node, master)?.address !== master.address) return [];
    return [
      {
        kind: 'replicate',
        pod: node.pod.name,
        master: master.id,
        because: `${node.pod.name} is a copy of shard ${node.pod.shard}, whose master is ${master.pod.name}`,
      },
    ];
  });

/** A slot that somebody began to move: closed where no key of it has been moved yet. */
export const closures = ({ nodes }: Look): readonly Step[] =>
  nodes.flatMap((node) =>
    (ownEntry(node)?.open ?? [])
      .filter((open) => isUntouched(nodes, node, open.slot, open))
      .map((open): Step => ({
        kind: 'close-slot',
        pod: node.pod.name,
        slot: open.slot,
        because: `its move was begun (${open.direction}) and no key has been moved`,
      })),
  );

const isUntouched = (
  nodes: readonly NodeSight[],
  node: NodeSight,
  slot: number,
  open: { readonly direction: 'importing' | 'migrating'; readonly other: string },
): boolean => {
  const receiver = open.direction === 'importing' ? node : nodes.find((n) => n.id === open.other);
  return receiver !== undefined && (receiver.keysInOpenSlots[slot] ?? 0) === 0;
};

/** A takeover may have lowered it; it comes back as soon as enough replicas are in step. */
export const restoredMinimums = ({ nodes }: Look, { minReplicasToWrite }: Expected): readonly Step[] =>
  nodes
    .filter((node) => node.minReplicas !== minReplicasToWrite && (node.role === 'replica' || node.replicas >= minReplicasToWrite))
    .map((node) => ({ kind: 'set-min-replicas', pod: node.pod.name, replicas: minReplicasToWrite, because: `it asks for ${node.minReplicas}` }));

/** Nodes that no pod is any more: a lost volume gives its pod a new id. Only when every pod answers, so that nobody who is merely away is forgotten. */
export const removals = (look: Look): readonly Step[] => {
  if (look.silent.length > 0) return [];
  const alive = new Set(look.nodes.map((node) => node.id));
  return look.nodes.flatMap((node) =>
    node.table
      .filter((entry) => !alive.has(entry.id) && !entry.flags.includes('handshake') && entry.slots.length === 0 && entry.flags.includes('fail'))
      .map((entry): Step => ({ kind: 'forget', pod: node.pod.name, id: entry.id, because: 'no pod has this id any more' })),
  );
};

/** So long nothing may have changed before a master is led home: a second failover of a shard within two node timeouts finds no votes. */
export const calmSeconds = ({ nodeTimeoutSeconds }: Pick<Expected, 'nodeTimeoutSeconds'>): number => Math.max(5, 2 * nodeTimeoutSeconds + 3);

/** One shard at a time is handed to the node whose place it is: one master per AZ again. */
export const homecoming = (look: Look, expected: Expected, calmFor: number): readonly Step[] => {
  if (look.silent.length > 0 || calmFor < calmSeconds(expected)) return [];
  return shardsOf(expected)
    .flatMap((shard): readonly Step[] => {
      const master = masterOf(look, shard, expected.shards);
      const home = look.nodes.find((n) => n.pod.shard === shard && n.pod.copy === 0);
      if (master === undefined || home === undefined || master === home || !home.linkUp || home.loading) return [];
      if (ownEntry(home)?.master !== master.id || master.replicas < expected.replicasPerMaster) return [];
      return [{ kind: 'hand-over', pod: home.pod.name, because: `the master of shard ${shard} is ${master.pod.name}, and belongs into ${home.pod.zone}` }];
    })
    .slice(0, 1);
};

/** @param calmFor seconds for which nothing has changed */
export const decide = (look: Look, expected: Expected, calmFor: number): readonly Step[] => {
  const repairs = [
    ...assignments(look, expected),
    ...introductions(look),
    ...attachments(look, expected),
    ...closures(look),
    ...restoredMinimums(look, expected),
    ...removals(look),
  ];
  return repairs.length > 0 ? repairs : homecoming(look, expected, calmFor);
};

/** What a planned handover has to wait for when it changes. */
export const signature = (look: Look, expected: Expected): string =>
  JSON.stringify([
    shardsOf(expected).map((shard) => masterOf(look, shard, expected.shards)?.pod.name ?? null),
    look.silent.map(({ pod }) => pod.name).sort(),
    look.nodes.filter((n) => n.role === 'replica' && !n.linkUp).map((n) => n.pod.name),
  ]);
