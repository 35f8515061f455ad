/** A region in miniature: takes the steps of a recovery, and does what Kubernetes and Patroni do about them, one tick at a time. */
import type { DatabaseSeen, MachineState, PodSeen, RegionSeen } from '../../lib/operations/recovery/observation';
import type { Step } from '../../lib/operations/recovery/plan';
import { tiersOf, type Tier } from '../../lib/operations/recovery/tiers';
import { defineEnvironment } from '../../lib/topology/define';
import { homeRegion } from '../../lib/topology/derive';
import { environmentWith } from '../topology/fixtures';

export const ENVIRONMENT = defineEnvironment(environmentWith());
export const REGION = homeRegion(ENVIRONMENT);
export const TIERS = tiersOf(ENVIRONMENT, REGION);

const MACHINES = ['a', 'b', 'c'];
const tierNamed = (id: string): Tier => {
  const tier = TIERS.find((t) => t.id === id);
  if (tier === undefined) throw new Error(`no tier ${id}`);
  return tier;
};

interface Pod {
  readonly machine: string;
  age: number;
  ready: boolean;
  backingOff: boolean;
}

/** Ticks from a pod's start to its being ready, when what it needs serves. */
const START_TICKS = 2;
/** A program that starts without what it needs ends, and waits. */
const PATIENCE_TICKS = 4;

export class World {
  controlPlane: 'up' | 'down' = 'up';
  readonly machines = new Map<string, MachineState>(MACHINES.map((name) => [name, 'ready']));
  readonly wanted = new Map<string, number>([
    ['cluster-dns', 3],
    ['etcd', 3],
    ['database', 3],
    ['pooler', 3],
  ]);
  readonly pods = new Map<string, Pod[]>();
  leader: string | null = 'database-a';
  /** What was started when what it needs did not serve. */
  readonly violations: string[] = [];

  constructor() {
    for (const group of this.wanted.keys())
      this.pods.set(
        group,
        MACHINES.map((machine) => ({ machine, age: START_TICKS, ready: true, backingOff: false })),
      );
  }

  powerLoss(): void {
    this.controlPlane = 'down';
    for (const name of MACHINES) this.machines.set(name, 'off');
    this.leader = null;
  }

  private podsIn(group: string): Pod[] {
    return this.pods.get(group) ?? [];
  }

  private readyIn(group: string): number {
    return this.podsIn(group).filter((pod) => pod.ready && this.machines.get(pod.machine) === 'ready').length;
  }

  private servesFor(group: string): boolean {
    if (group === 'cluster-dns') return true;
    if (group === 'etcd') return this.readyIn('cluster-dns') >= 2;
    if (group === 'database') return this.readyIn('etcd') >= 2;
    return this.leader !== null && this.readyIn('database') >= 2;
  }

  tick(): void {
    for (const [name, state] of this.machines) if (state === 'starting') this.machines.set(name, 'ready');
    if (this.controlPlane === 'down') return;
    for (const group of this.wanted.keys()) {
      this.place(group);
      for (const pod of this.podsIn(group)) this.age(group, pod);
    }
    if (this.leader === null && this.readyIn('etcd') >= 2) {
      const candidate = this.podsIn('database').find((pod) => pod.age >= START_TICKS && this.machines.get(pod.machine) === 'ready');
      if (candidate !== undefined) this.leader = `database-${candidate.machine}`;
    }
  }

  private place(group: string): void {
    const pods = this.podsIn(group);
    const free = MACHINES.filter((name) => this.machines.get(name) === 'ready' && pods.every((pod) => pod.machine !== name));
    for (const machine of free.slice(0, Math.max(0, (this.wanted.get(group) ?? 0) - pods.length))) {
      if (!this.servesFor(group)) this.violations.push(`${group} was started too early`);
      pods.push({ machine, age: 0, ready: false, backingOff: false });
    }
  }

  private age(group: string, pod: Pod): void {
    if (this.machines.get(pod.machine) !== 'ready' || pod.backingOff) return;
    pod.age += 1;
    pod.ready = pod.age >= START_TICKS && this.servesFor(group);
    if (!pod.ready && pod.age >= PATIENCE_TICKS && !this.servesFor(group)) pod.backingOff = true;
  }

  look(): RegionSeen {
    if (this.controlPlane === 'down') return { controlPlane: 'down', machines: [], workloads: {}, database: null };
    const workload = (group: string) => ({ replicas: this.wanted.get(group) ?? 0, pods: this.podsIn(group).map((pod) => this.podSeen(group, pod)) });
    return {
      controlPlane: 'up',
      machines: [...this.machines].map(([name, state]) => ({ name, zone: name, state })),
      workloads: {
        'cluster-dns': workload('cluster-dns'),
        etcd: workload('etcd'),
        'database-primary': workload('database'),
        'database-standbys': workload('database'),
        pooler: workload('pooler'),
      },
      database: this.databaseSeen(),
    };
  }

  private podSeen(group: string, pod: Pod): PodSeen {
    const { machine, ready, backingOff } = pod;
    return { name: `${group}-${machine}`, namespace: 'data', machine, started: true, ready, backingOff, leaving: false };
  }

  private databaseSeen(): DatabaseSeen | null {
    const running = this.podsIn('database').filter((pod) => this.machines.get(pod.machine) === 'ready' && pod.ready);
    if (running.length === 0) return null;
    const standbys = running.map((pod) => `database-${pod.machine}`).filter((name) => name !== this.leader);
    return {
      leaders: this.leader === null ? [] : [this.leader],
      streaming: standbys,
      synchronous: standbys,
      commits: standbys.length > 0 && this.leader !== null,
    };
  }

  carryOut(step: Step): void {
    const groupOf = (tier: Tier): string => (tier.kind.startsWith('database') ? 'database' : tier.id);
    switch (step.kind) {
      case 'start-control-plane':
        this.controlPlane = 'up';
        return;
      case 'start-machine':
        this.machines.set(step.machine, 'starting');
        return;
      case 'hold':
        this.wanted.set(groupOf(step.tier), 0);
        return;
      case 'release':
        this.wanted.set(groupOf(step.tier), step.replicas);
        return;
      case 'remove-pod':
        for (const [group, pods] of this.pods)
          this.pods.set(
            group,
            pods.filter((pod) => `${group}-${pod.machine}` !== step.pod.name),
          );
    }
  }
}

export { tierNamed };
