/** Faults by what happens, not by how it is done: whoever runs a drill maps each of them to its own means, and heals it again. */

/** The node of the primary or of a standby (with its etcd member, pooler and clients); or the one that a planned drill works on. */
export type NodeTarget = 'primary' | 'standby';

export type Fault =
  /** Every process on the node is killed. `reset`: peers are told by resets; `cut-first`: its link is cut before, so nobody hears anything. Healed: the node boots. */
  | { readonly kind: 'kill-node'; readonly target: NodeTarget; readonly wire: 'reset' | 'cut-first' }
  /** Every process on the node is stopped, as a hypervisor does. Healed: they go on. */
  | { readonly kind: 'freeze-node'; readonly target: NodeTarget }
  /** SIGKILL to that process (PostgreSQL: to all of its processes). Nothing to heal. */
  | { readonly kind: 'kill-process'; readonly process: 'postgres' | 'patroni'; readonly target: NodeTarget }
  /** SIGSTOP to that process (PostgreSQL: to all of its processes). Healed: SIGCONT, if it still exists. */
  | { readonly kind: 'freeze-process'; readonly process: 'postgres' | 'patroni'; readonly target: NodeTarget }
  /** Planned, by command and without naming a candidate (with one, the third member sleeps 2 s). */
  | { readonly kind: 'switchover' }
  /** Planned: the node is cordoned and its pods evicted, as `kubectl drain` does. Healed: uncordoned. */
  | { readonly kind: 'drain-node'; readonly target: NodeTarget }
  /** All nodes of the zone are killed. Healed: they boot. */
  | { readonly kind: 'kill-zone'; readonly zoneOf: NodeTarget }
  /** The node keeps running and is cut off from everything, both ways. Healed: reconnected. */
  | { readonly kind: 'partition-node'; readonly target: NodeTarget; readonly packets: 'drop' | 'reset' }
  /** The node's links to these peers only are cut, both ways. Healed: reconnected. */
  | { readonly kind: 'cut-links'; readonly target: NodeTarget; readonly peers: 'standbys' | 'etcd'; readonly packets: 'drop' | 'reset' }
  /** etcd members are killed and kept from starting. `follower`: one that does not lead; `majority`: as few as lose the quorum, the primary's own member not among them if possible. */
  | { readonly kind: 'stop-etcd'; readonly members: 'follower' | 'majority' }
  /** etcd's leadership is moved to the member on the primary's node, and kept there until the next step. A preparation, not yet a fault. */
  | { readonly kind: 'place-etcd-leader'; readonly on: 'primary' }
  /** The volume with PostgreSQL's data is filled to the last block. Healed: the filler is removed. */
  | { readonly kind: 'fill-disk'; readonly target: NodeTarget };

/** How long a fault lasts. */
export type Hold =
  | { readonly for: 'seconds'; readonly seconds: number }
  /** Until a client is served by another primary, at most so long. */
  | { readonly for: 'failover'; readonly atMostSeconds: number }
  /** Until clients are served again, by whomever, at most so long. */
  | { readonly for: 'service'; readonly atMostSeconds: number };

export type Step =
  /** Done before the mark "steady". */
  | { readonly kind: 'prepare'; readonly fault: Fault }
  | { readonly kind: 'inject'; readonly fault: Fault }
  | { readonly kind: 'hold'; readonly until: Hold }
  /** Undoes every fault that is in force. */
  | { readonly kind: 'heal' };

const holdSeconds = (hold: Hold): number => (hold.for === 'seconds' ? hold.seconds : hold.atMostSeconds);

/** The longest time that faults of these steps can be in force, seconds: the dead man's timer heals them after that, whatever became of the drill. */
export const longestFault = (steps: readonly Step[]): number => steps.reduce((sum, step) => sum + (step.kind === 'hold' ? holdSeconds(step.until) : 0), 0);

const NODE: Readonly<Record<NodeTarget, string>> = { primary: "the primary's node", standby: "a standby's node" };

/** One sentence's part per fault, for people. */
export const describeFault = (fault: Fault): string => {
  switch (fault.kind) {
    case 'kill-node':
      return `kill every process on ${NODE[fault.target]}${fault.wire === 'cut-first' ? ', its link cut first' : ''}`;
    case 'freeze-node':
      return `stop ${NODE[fault.target]} as a whole`;
    case 'kill-process':
      return `kill ${fault.process} on ${NODE[fault.target]}`;
    case 'freeze-process':
      return `freeze ${fault.process} on ${NODE[fault.target]}`;
    case 'switchover':
      return 'ask for a switchover';
    case 'drain-node':
      return `drain ${NODE[fault.target]}`;
    case 'kill-zone':
      return `kill every node in the zone of ${NODE[fault.zoneOf]}`;
    case 'partition-node':
      return `cut ${NODE[fault.target]} off, packets ${fault.packets === 'drop' ? 'dropped' : 'rejected'}`;
    case 'cut-links':
      return `cut ${NODE[fault.target]} off from ${fault.peers === 'etcd' ? 'etcd' : 'the standbys'} only`;
    case 'stop-etcd':
      return fault.members === 'follower' ? 'stop one etcd member' : 'stop etcd members until the quorum is lost';
    case 'place-etcd-leader':
      return `move etcd's leadership to ${NODE[fault.on]}`;
    case 'fill-disk':
      return `fill the data volume on ${NODE[fault.target]}`;
  }
};

/** One sentence's part per step, for people. */
export const describeStep = (step: Step): string => {
  if (step.kind === 'heal') return 'heal';
  if (step.kind !== 'hold') return `${step.kind === 'prepare' ? 'before the steady state: ' : ''}${describeFault(step.fault)}`;
  const { until } = step;
  if (until.for === 'seconds') return `hold for ${until.seconds} s`;
  return `hold until ${until.for === 'failover' ? 'another primary serves' : 'clients are served again'}, at most ${until.atMostSeconds} s`;
};
