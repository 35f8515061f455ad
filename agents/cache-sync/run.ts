import type { CacheSyncConfig } from '../../lib/services/cache-sync-config';
import { exchange } from '../follower/http';
import { onChange, reasonOf, type Log } from '../follower/log';
import { agentSource, type AgentSource } from '../follower/tls';
import { decide, roleOf, type Decision, type Role } from './decide';
import { beat, delayOf, heartbeatKeys, heartbeats } from './heartbeat';
import type { SyncMetrics } from './metrics';
import { Pull } from './pull';
import { connectNode, openCluster, openSource, subscribe, type Cluster, type SourceCluster } from './redis';
import { relay } from './relay';
import type { Master } from './topology';

/** A cluster that is opened when it is needed, and again after it failed. */
class Reachable<C extends SourceCluster> {
  private opened: C | undefined;

  constructor(private readonly open: () => Promise<C>) {}

  async cluster(): Promise<C> {
    this.opened ??= await this.open();
    return this.opened;
  }

  close(): void {
    this.opened?.close();
    this.opened = undefined;
  }
}

/** Another region's cache. */
interface Source {
  readonly endpoint: CacheSyncConfig['sources'][number];
  readonly reachable: Reachable<SourceCluster>;
}

/** What a source showed at the last look. */
interface Sight {
  readonly source: Source;
  readonly masters: readonly Master[];
  /** Milliseconds since the epoch. */
  readonly newest: number;
}

/** The synchroniser of one region: looks up its role, and leads, pulls or holds. */
export class CacheSync {
  private readonly sources: readonly Source[];
  private readonly target: Reachable<Cluster>;
  private readonly patroni: AgentSource;
  private readonly logChange: Log;
  private pulling: { readonly source: Source; readonly pull: Pull; readonly relayed: Promise<void> } | undefined;

  constructor(
    private readonly config: CacheSyncConfig,
    private readonly metrics: SyncMetrics,
    private readonly log: Log,
    private readonly stop: AbortSignal,
  ) {
    this.logChange = onChange(log);
    const timeoutMs = config.requestTimeoutSeconds * 1000;
    const report = (error: unknown): void => {
      metrics.connectionErrors++;
      this.logChange("this region's cache", reasonOf(error));
    };
    this.sources = config.sources.map((endpoint) => ({ endpoint, reachable: new Reachable(() => openSource(endpoint, timeoutMs)) }));
    this.target = new Reachable(() => openCluster(config.target, timeoutMs, report));
    this.patroni = agentSource(config.patroni, { keepAlive: false, verifyName: false }, log, () => performance.now());
  }

  async run(): Promise<void> {
    while (!this.stop.aborted) {
      await this.round();
      await this.sleep(this.config.pollSeconds);
    }
    await this.stopPulling();
    this.closeIdle();
  }

  /** What nobody copies from or to is opened anew: the connection that failed may be to a node that is gone. */
  private closeIdle(): void {
    if (this.pulling !== undefined) return;
    for (const { reachable } of this.sources) reachable.close();
    this.target.close();
  }

  private readonly sleep = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

  private async round(): Promise<void> {
    const role = await this.role();
    const writer = role === 'follower' ? await this.writer() : undefined;
    const sourceHeartbeatAgeSeconds = writer === undefined ? null : (Date.now() - writer.newest) / 1000;
    const decision = decide({ role, sourceHeartbeatAgeSeconds, sourceStaleSeconds: this.config.sourceStaleSeconds });
    this.logChange('decision', `${decision.kind}: ${decision.because}`);
    this.metrics.decision = decision.kind;
    await this.carryOut(decision, writer);
  }

  /** What this region's database says; members that do not answer are passed over. */
  private async role(): Promise<Role> {
    for (const endpoint of this.config.patroni.endpoints) {
      const answer = await this.attempt('Patroni', () =>
        exchange({ method: 'GET', url: `${endpoint}/config`, agent: this.patroni(), timeoutMs: this.config.requestTimeoutSeconds * 1000 }),
      );
      const role = answer?.status === 200 ? roleOf(JSON.parse(answer.body)) : 'unknown';
      if (role !== 'unknown') return role;
    }
    return 'unknown';
  }

  /** The source with the newest heartbeat; undefined: none has one. */
  private async writer(): Promise<Sight | undefined> {
    const sights = await Promise.all(this.sources.map((source) => this.attempt(source.endpoint.region, () => this.lookAt(source))));
    return sights.filter((sight) => sight !== undefined).sort((a, b) => b.newest - a.newest)[0];
  }

  private async lookAt(source: Source): Promise<Sight | undefined> {
    const cluster = await source.reachable.cluster();
    const masters = await cluster.masters();
    const { newest } = await heartbeats(cluster, heartbeatKeys(masters));
    return newest === null ? undefined : { source, masters, newest };
  }

  private async carryOut(decision: Decision, writer: Sight | undefined): Promise<void> {
    if (decision.kind === 'lead') await this.attempt('heartbeat', () => this.lead());
    if (decision.kind !== 'pull' || writer === undefined || (this.pulling !== undefined && this.pulling.source !== writer.source)) await this.stopPulling();
    if (decision.kind !== 'pull' || writer === undefined) return;
    await this.attempt('pull', async () => {
      const target = await this.target.cluster();
      this.pulling ??= this.startPulling(target, writer.source);
      this.pulling.pull.follow(writer.masters);
      this.metrics.newestHeartbeat = (await heartbeats(target, heartbeatKeys(writer.masters))).oldest ?? undefined;
    });
  }

  private async lead(): Promise<void> {
    const cluster = await this.target.cluster();
    const keys = heartbeatKeys(await cluster.masters());
    const written = await beat(cluster, keys, Date.now());
    if (written < keys.length) throw new Error(`${keys.length - written} of ${keys.length} shards took no heartbeat`);
  }

  private startPulling(target: Cluster, source: Source): { readonly source: Source; readonly pull: Pull; readonly relayed: Promise<void> } {
    const { config, metrics, log, sleep } = this;
    const timeoutMs = config.requestTimeoutSeconds * 1000;
    const connect = connectNode(source.endpoint, timeoutMs);
    const onCopied = async (key: Buffer): Promise<void> => {
      metrics.copyDelaySeconds = (await delayOf(target, key, Date.now)) ?? metrics.copyDelaySeconds;
    };
    const pull = new Pull({ connect, target, batch: config.batch, flushSeconds: config.flushSeconds, sleep, onCopied, metrics, log });
    const stop = pull.signal;
    const relayed = relay({
      subscribe: (handlers) => subscribe(source.endpoint, config.channels, timeoutMs, stop, handlers),
      publish: (channel, message) => target.publish(channel, message),
      resyncChannel: config.resyncChannel,
      sleep,
      metrics,
      log,
      stop,
    });
    return { source, pull, relayed };
  }

  private async stopPulling(): Promise<void> {
    const { pulling } = this;
    this.pulling = undefined;
    this.metrics.newestHeartbeat = undefined;
    this.metrics.copyDelaySeconds = undefined;
    if (pulling === undefined) return;
    await pulling.pull.stop();
    await pulling.relayed;
  }

  /** What fails is counted, told once, and tried again in the next round. */
  private async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.metrics.connectionErrors++;
      this.logChange(what, reasonOf(error));
      if (what !== 'Patroni') this.closeIdle();
      return undefined;
    }
  }
}
