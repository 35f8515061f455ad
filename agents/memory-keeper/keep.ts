/** The keeper's round: lead, look, decide, act. */
import type { MemoryKeeperConfig } from '../../lib/services/memory-keeper';
import { type Log, onChange, reasonOf } from '../follower/log';
import { prometheusText } from '../prometheus-text';
import { act, type ActingCluster } from './act';
import { decide, done, type Memory, nothingRemembered, type PodMemory } from './decide';
import type { LeaseCluster } from '../kubernetes-lease';
import { Leadership } from './lease';
import { type Cluster, observe } from './observe';

export interface KeeperPorts {
  readonly cluster: Cluster & LeaseCluster & ActingCluster;
  readonly me: string;
  /** Seconds, of a clock that nobody sets. */
  readonly now: () => number;
  /** Milliseconds since the epoch, as the metrics' time stamps are. */
  readonly wallClock: () => number;
  readonly log: Log;
}

const LEASE = 'holdfast-memory-keeper';

export class MemoryKeeper {
  /** Seconds; undefined: never. */
  private lastRound: number | undefined;
  private leading = false;
  private memory: Memory = nothingRemembered;
  private pods: readonly PodMemory[] = [];
  private readonly counts = { warn: 0, restart: 0, hold: 0, refused: 0, failures: 0 };
  private readonly leadership: Leadership;
  private readonly logChange: Log;

  constructor(
    private readonly config: MemoryKeeperConfig,
    private readonly ports: KeeperPorts,
  ) {
    this.leadership = new Leadership(ports.cluster, config.leaseNamespace, LEASE, ports.me, ports.now, ports.wallClock);
    this.logChange = onChange(ports.log);
  }

  /** One round that was carried through lately, leading or not. */
  isWell(): boolean {
    return this.lastRound !== undefined && this.ports.now() - this.lastRound < this.config.pollSeconds * 6;
  }

  async round(): Promise<void> {
    try {
      this.leading = await this.leadership.hold();
      this.pods = await observe(this.ports.cluster, this.config);
      if (this.leading) await this.keep();
      this.lastRound = this.ports.now();
      this.logChange('round', this.leading ? 'leading' : 'standing by');
    } catch (error) {
      this.leading = false;
      this.counts.failures++;
      this.logChange('round', reasonOf(error));
    }
  }

  private async keep(): Promise<void> {
    const { actions, memory } = decide(this.pods, this.memory, this.config, this.ports.wallClock());
    this.memory = memory;
    for (const action of actions) {
      const outcome = await act(this.ports.cluster, { namespace: this.config.namespace, me: this.ports.me }, action, new Date(this.ports.wallClock()));
      this.counts[action.kind]++;
      if (outcome === 'done') this.memory = done(this.memory, action, this.ports.wallClock());
      else if (action.kind === 'restart') this.counts.refused++;
      this.logChange(`${action.kind} ${action.pod.name}`, action.because, { outcome });
    }
  }

  metrics(): string {
    const { warn, restart, hold, refused, failures } = this.counts;
    return prometheusText('holdfast_memory_keeper_', [
      ['leading', 'gauge', '1: this replica acts', this.leading ? 1 : 0],
      ['failures_total', 'counter', 'Rounds that failed', failures],
      ['warnings_total', 'counter', 'Pods warned of', warn],
      ['restarts_total', 'counter', 'Pods that were to be replaced for their memory', restart],
      ['restarts_refused_total', 'counter', 'Of those, refused by the disruption budget', refused],
      ['restarts_held_total', 'counter', 'Looks at which a pod should have been replaced and could not be', hold],
      ...this.pods.map(
        ({ workload, name, percent }) =>
          ['pod_memory_percent', 'gauge', 'Memory in percent of the limit', percent, `{workload="${workload}",pod="${name}"}`] as const,
      ),
    ]);
  }
}
