import { Peers } from '../cache/peers';
import type { Config } from '../config';
import type { Connections } from '../connections';
import { ensureSchema } from '../database/schema';
import type { Faults } from '../faults';
import type { WarmUp } from '../limits/warm-up';
import type { Metrics } from '../metrics';
import { type Check, Monitor, type Part, type PartState } from './monitor';
import { readiness, type Readiness } from './readiness';

const CHECK_TIMEOUT_MS = 1000;

export interface WatchParts {
  readonly config: Config;
  readonly connections: Connections;
  readonly metrics: Metrics;
  readonly faults: Faults;
  readonly warmUp: WarmUp;
  readonly onChange: (part: Part, state: PartState) => void;
}

/** What the service knows about the parts it needs, and what follows from it. */
export class Watch {
  readonly monitor: Monitor;
  readonly peers: Peers;
  draining = false;
  private schemaMade = false;

  constructor(private readonly parts: WatchParts) {
    const { config, connections, metrics, onChange } = parts;
    this.peers = new Peers(config.identity.pod, config.replicas);
    const checks: Partial<Record<Part, Check>> = {
      ...(connections.database === null ? {} : { database: () => this.checkDatabase() }),
      ...(connections.cache === null ? {} : { cache: () => this.checkCache() }),
    };
    this.monitor = new Monitor(checks, metrics, onChange);
  }

  readiness(): Readiness {
    const { config, faults } = this.parts;
    const databaseLostMs = this.monitor.lostFor('database');
    return readiness({
      draining: this.draining,
      unready: faults.current.unready,
      needs: config.readyNeeds,
      lost: this.monitor.parts.filter((part) => this.monitor.state(part)?.reachable === false),
      databaseLostMs,
      aPeerHasDatabase: this.peers.reachedDatabaseAfter(performance.now() - databaseLostMs),
    });
  }

  private async checkDatabase(): Promise<void> {
    const { probe } = this.parts.connections;
    if (probe === null) return;
    this.countConnections();
    if (!this.schemaMade) await ensureSchema(probe);
    this.schemaMade = true;
    await probe.once({ text: 'SELECT 1' }, CHECK_TIMEOUT_MS);
  }

  private countConnections(): void {
    const { connections, metrics } = this.parts;
    const { active, idle, max } = connections.database?.connections ?? { active: 0, idle: 0, max: 0 };
    metrics.databaseConnections.set({ state: 'active' }, active);
    metrics.databaseConnections.set({ state: 'idle' }, idle);
    metrics.databaseConnectionsMax.set(max);
  }

  /** Tells the other pods, and hears from them; that it can is what is checked. */
  private async checkCache(): Promise<void> {
    const { cache, queue } = this.parts.connections;
    if (cache === null || queue === null) return;
    cache.renew();
    queue.renew();
    await this.peers.tell(cache, this.monitor.lastReached('database'));
    await this.parts.warmUp.look(cache);
  }
}
