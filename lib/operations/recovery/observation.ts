/** What is seen of a region that has to come back. Unknown is a state of its own: it is never "off", and never "ready". */

/**
 * - `ready`: its kubelet has reported lately, and says that it is ready.
 * - `starting`: switched on, or silent for no reason that is known.
 * - `off`: certainly not running: known from where the machines are switched on and off, or confirmed by the operator.
 */
export type MachineState = 'ready' | 'starting' | 'off';

export interface MachineSeen {
  readonly name: string;
  readonly zone: string;
  readonly state: MachineState;
}

export interface PodSeen {
  readonly name: string;
  readonly namespace: string;
  /** Null: not placed yet. */
  readonly machine: string | null;
  /** Its kubelet has begun to run it. */
  readonly started: boolean;
  readonly ready: boolean;
  /** A container of it ended so often that the next start is delayed. */
  readonly backingOff: boolean;
  /** Already asked to go. */
  readonly leaving: boolean;
}

export interface WorkloadSeen {
  /** How many it is told to have. */
  readonly replicas: number;
  readonly pods: readonly PodSeen[];
}

/** What Patroni's members say, and whether the leader takes a transaction. */
export interface DatabaseSeen {
  readonly leaders: readonly string[];
  readonly streaming: readonly string[];
  readonly synchronous: readonly string[];
  /** A transaction was committed, and acknowledged as strictly as any application's. Null: not tried, because there is no leader. */
  readonly commits: boolean | null;
}

export interface RegionSeen {
  readonly controlPlane: 'up' | 'down';
  readonly machines: readonly MachineSeen[];
  /** By tier. */
  readonly workloads: Readonly<Record<string, WorkloadSeen>>;
  /** Null: no member answers. */
  readonly database: DatabaseSeen | null;
}
