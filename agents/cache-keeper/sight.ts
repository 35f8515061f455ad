/** What the keeper sees of the cluster, read from the nodes' own answers. Pure. */
import { type CachePod, type SlotRange, slotsOfShard } from '../../lib/topology/cache-placement';

/** A slot that is being moved from one node to another. */
export interface OpenSlot {
  readonly slot: number;
  readonly direction: 'importing' | 'migrating';
  /** Id of the node on the other side. */
  readonly other: string;
}

/** One line of CLUSTER NODES: what a node knows of another, or of itself. */
export interface TableEntry {
  readonly id: string;
  /** Null while it is not known. */
  readonly address: string | null;
  /** The name that it announces; null: none. */
  readonly host: string | null;
  readonly flags: readonly string[];
  /** Id of its master. */
  readonly master: string | null;
  readonly epoch: number;
  readonly connected: boolean;
  readonly slots: readonly SlotRange[];
  readonly open: readonly OpenSlot[];
}

/** A node that answered. */
export interface NodeSight {
  readonly pod: CachePod;
  readonly id: string;
  readonly address: string;
  readonly table: readonly TableEntry[];
  readonly role: 'master' | 'replica';
  /** Position in the stream of writes: what it has written (master) or applied (replica). */
  readonly offset: number;
  /** Of a replica: its link to its master is up. */
  readonly linkUp: boolean;
  /** Of a master: replicas that are online and in step. */
  readonly replicas: number;
  readonly empty: boolean;
  readonly loading: boolean;
  readonly usedMemory: number;
  readonly maxMemory: number;
  readonly minReplicas: number;
  /** Of each open slot: how many keys of it are here. */
  readonly keysInOpenSlots: Readonly<Record<number, number>>;
}

/** One look at every node. */
export interface Look {
  readonly nodes: readonly NodeSight[];
  readonly silent: readonly { readonly pod: CachePod; readonly error: string }[];
}

const rangeOf = (text: string): SlotRange => {
  const [from = '', to = from] = text.split('-');
  return [Number(from), Number(to)];
};

const openSlot = (text: string): readonly OpenSlot[] => {
  const match = /^\[(\d+)-([<>])-([0-9a-f]+)\]$/.exec(text);
  if (match === null) return [];
  const [, slot, direction, other = ''] = match;
  return [{ slot: Number(slot), direction: direction === '<' ? 'importing' : 'migrating', other }];
};

/** The address of `ip:port@busport[,hostname[,...]]`; a node that has no address yet is written `:0@0`. */
const addressOf = (text: string): string | null => {
  const address = text.replace(/:\d+@.*$/, '');
  return address === '' ? null : address;
};

/** Names follow the ports: `ip:port@busport,name[,...]`. */
const hostOf = (text: string): string | null => /^[^,]*@\d+,([^,=]+)(,|$)/.exec(text)?.[1] ?? null;

/** @throws Error when a line is none of CLUSTER NODES */
export const parseTable = (text: string): readonly TableEntry[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id, endpoint, flags, master, , , epoch, link, ...slots] = line.trim().split(' ');
      if (id === undefined || endpoint === undefined || flags === undefined || link === undefined) throw new Error(`not a line of CLUSTER NODES: ${line}`);
      return {
        id,
        address: addressOf(endpoint),
        host: hostOf(endpoint),
        flags: flags.split(','),
        master: master === undefined || master === '-' ? null : master,
        epoch: Number(epoch),
        connected: link === 'connected',
        slots: slots.filter((s) => !s.startsWith('[')).map(rangeOf),
        open: slots.flatMap(openSlot),
      };
    });

/** INFO's `name:value` lines. */
export const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(':') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );

/** Valkey writes more fields after these. */
const IN_STEP = /state=online,.*lag=[01](,|$)/;

/** The parts of a sight that INFO tells. */
export const sightOfInfo = (text: string): Omit<NodeSight, 'pod' | 'id' | 'address' | 'table' | 'minReplicas' | 'keysInOpenSlots'> => {
  const info = parseInfo(text);
  const number = (name: string): number => Number(info.get(name) ?? 0);
  const master = info.get('role') === 'master';
  return {
    role: master ? 'master' : 'replica',
    offset: number(master ? 'master_repl_offset' : 'slave_repl_offset'),
    linkUp: info.get('master_link_status') === 'up',
    replicas: [...info].filter(([name, value]) => /^slave\d+$/.test(name) && IN_STEP.test(value)).length,
    empty: ![...info.keys()].some((name) => /^db\d+$/.test(name)),
    loading: number('loading') !== 0,
    usedMemory: number('used_memory'),
    maxMemory: number('maxmemory'),
  };
};

/** What a node says of itself. */
export const ownEntry = (node: NodeSight): TableEntry | undefined => node.table.find((entry) => entry.id === node.id);

export const overlaps = (a: SlotRange, b: SlotRange): boolean => a[0] <= b[1] && b[0] <= a[1];

const claims = (node: NodeSight, range: SlotRange): boolean => {
  const own = ownEntry(node);
  return own !== undefined && own.flags.includes('master') && own.slots.some((slots) => overlaps(slots, range));
};

/** The master of a shard among the nodes that answer: of those that claim its slots the one with the newest configuration. */
export const masterOf = ({ nodes }: Look, shard: number, shards: number): NodeSight | undefined => {
  const range = slotsOfShard(shard, shards);
  const epochOf = (node: NodeSight): number => ownEntry(node)?.epoch ?? 0;
  return nodes.filter((node) => claims(node, range)).sort((a, b) => epochOf(b) - epochOf(a))[0];
};

/** The parts of `wanted` that none of the ranges covers. */
export const uncovered = (wanted: SlotRange, ranges: readonly SlotRange[]): readonly SlotRange[] =>
  ranges.reduce<readonly SlotRange[]>(
    (left, [from, to]) =>
      left.flatMap(([a, b]): readonly SlotRange[] => {
        if (to < a || from > b) return [[a, b]];
        return (
          [
            [a, from - 1],
            [to + 1, b],
          ] as const
        ).filter(([x, y]) => x <= y);
      }),
    [wanted],
  );

/** Whether a node's own table has the pod as one that owes it an answer, or as failed: for longer than the node timeout. */
export const suspects = (node: NodeSight, host: string): boolean =>
  node.table.some((entry) => entry.host === host && (entry.flags.includes('fail?') || entry.flags.includes('fail')));
