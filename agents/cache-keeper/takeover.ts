/**
 * When a majority of the masters is lost, nobody can vote a replica in: a person decides. Pure.
 *
 * A replica takes over without a vote, so the old master must not be alive on the far side of a partition: that is what the person confirms.
 */
import { majority } from '../../lib/topology/derive';
import type { Expected } from './decide';
import { masterOf, type Look, type NodeSight } from './sight';
import type { Step } from './steps';

export type TakeoverPlan =
  | { readonly kind: 'nothing'; readonly because: string }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'steps'; readonly steps: readonly Step[] };

const shardsOf = ({ shards }: Expected): readonly number[] => Array.from({ length: shards }, (_, i) => i);

/** The copy that has received the most; only a node that is a copy of that shard already. */
const heirOf = (look: Look, shard: number): NodeSight | undefined =>
  look.nodes.filter((n) => n.pod.shard === shard && n.role === 'replica' && !n.loading).sort((a, b) => b.offset - a.offset || a.pod.copy - b.pod.copy)[0];

const stepsFor = (look: Look, expected: Expected, shard: number, heir: NodeSight): readonly Step[] => {
  const others = look.nodes.filter((n) => n.pod.shard === shard && n !== heir).length;
  const minimum = Math.min(expected.minReplicasToWrite, others);
  return [
    { kind: 'take-over', pod: heir.pod.name, because: `shard ${shard} has no master that answers, and no majority to elect one` },
    ...(minimum < expected.minReplicasToWrite
      ? [{ kind: 'set-min-replicas', pod: heir.pod.name, replicas: minimum, because: `only ${others} other copies of shard ${shard} are left` } as const]
      : []),
  ];
};

/** Masters that take over stand alone with fewer replicas than they ask for: found again when the command is repeated. */
const starved = (look: Look, expected: Expected): readonly Step[] =>
  shardsOf(expected).flatMap((shard): readonly Step[] => {
    const master = masterOf(look, shard, expected.shards);
    const others = look.nodes.filter((n) => n.pod.shard === shard && n !== master).length;
    if (master === undefined || others >= master.minReplicas) return [];
    return [{ kind: 'set-min-replicas', pod: master.pod.name, replicas: others, because: `only ${others} other copies of shard ${shard} are left` }];
  });

/** @param confirmed a person says that the masters that don't answer are down */
export const planTakeover = (look: Look, expected: Expected, confirmed: boolean): TakeoverPlan => {
  const orphans = shardsOf(expected).filter((shard) => masterOf(look, shard, expected.shards) === undefined);
  const alive = expected.shards - orphans.length;
  const missing = starved(look, expected);
  if (orphans.length === 0 && (missing.length === 0 || look.silent.length === 0)) return { kind: 'nothing', because: 'every shard has a master that answers' };
  if (orphans.length > 0 && alive >= majority(expected.shards))
    return { kind: 'refused', because: `${alive} of ${expected.shards} masters answer, which is a majority: the cluster fails over by itself within seconds` };
  const heirs = orphans.map((shard) => ({ shard, heir: heirOf(look, shard) }));
  const hopeless = heirs.filter(({ heir }) => heir === undefined).map(({ shard }) => shard);
  if (hopeless.length > 0) return { kind: 'refused', because: `no copy of shard ${hopeless.join(', ')} answers: bring one of its nodes back first` };
  if (!confirmed)
    return {
      kind: 'refused',
      because: `${look.silent.map(({ pod }) => pod.name).join(', ')} do not answer. If they are alive behind a partition, a takeover makes two masters of one shard: make sure that they are down, then add --confirm-down`,
    };
  return { kind: 'steps', steps: [...heirs.flatMap(({ shard, heir }) => (heir === undefined ? [] : stepsFor(look, expected, shard, heir))), ...missing] };
};
