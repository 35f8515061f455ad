/** Copies the other region's cache into this one, shard by shard, as long as it is asked to. */
import type { Log } from '../follower/log';
import type { SyncMetrics } from './metrics';
import { Shard, type ShardContext } from './shard';
import { sameShard, type Master } from './topology';

export interface PullContext extends Omit<ShardContext, 'stop'> {
  readonly metrics: SyncMetrics;
  readonly log: Log;
}

export class Pull {
  private shards: readonly { readonly shard: Shard; readonly ended: Promise<void> }[] = [];
  private readonly stopping = new AbortController();

  constructor(private readonly context: PullContext) {}

  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Follows these masters, and no others: called whenever the source's topology was read. */
  follow(masters: readonly Master[]): void {
    const { context } = this;
    const stays = (master: Master): boolean => this.shards.some(({ shard }) => sameShard(shard.master, master));
    const gone = this.shards.filter(({ shard }) => !masters.some((master) => sameShard(shard.master, master)));
    const fresh = masters.filter((master) => !stays(master));
    for (const { shard } of gone) shard.end();
    const started = fresh.map((master) => {
      const shard = new Shard(master, { ...context, stop: this.stopping.signal });
      context.log('shard followed', `${master.host}:${master.port} holds ${master.slots.map(({ from, to }) => `${from}-${to}`).join(', ')}`);
      return { shard, ended: shard.run() };
    });
    this.shards = [...this.shards.filter((one) => !gone.includes(one)), ...started];
    context.metrics.shards = this.shards.length;
    context.metrics.pending = this.shards.reduce((sum, { shard }) => sum + shard.pending, 0);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.shards.map(({ ended }) => ended));
    this.context.metrics.shards = 0;
    this.context.metrics.pending = 0;
  }
}
