/** Copies one shard of the source: what changes while it is connected, and by a comparison what changed while it was not. */
import { reasonOf, type Log } from '../follower/log';
import type { SyncMetrics } from './metrics';
import type { Connect, NodeConnection, TargetCache } from './ports';
import { holds, slotOf, type Master } from './topology';

export interface ShardContext {
  readonly connect: Connect;
  readonly target: TargetCache;
  readonly batch: number;
  readonly flushSeconds: number;
  readonly sleep: (seconds: number) => Promise<void>;
  /** Called for every key once it is copied. */
  readonly onCopied: (key: Buffer) => Promise<void>;
  readonly metrics: SyncMetrics;
  readonly log: Log;
  readonly stop: AbortSignal;
}

/** Pause before a lost shard is connected again. */
const RECONNECT_SECONDS = 0.5;
/** A comparison waits while so many changed keys are still to be copied, in batches. */
const FULL_BATCHES = 20;

/** Names as Latin-1 texts: any bytes, and equal when the bytes are. */
const nameOf = (key: Buffer): string => key.toString('latin1');
const keyOf = (name: string): Buffer => Buffer.from(name, 'latin1');

export class Shard {
  /** Changed at the source, not yet copied; in the order of the changes. */
  private readonly changed = new Set<string>();
  private everything = false;
  private readonly ended = new AbortController();

  constructor(
    readonly master: Master,
    private readonly context: ShardContext,
  ) {}

  /** Keys that are known to differ. */
  get pending(): number {
    return this.changed.size;
  }

  end(): void {
    this.ended.abort();
  }

  /** Until ended: connects, compares, follows; and again when the connection is lost. */
  async run(): Promise<void> {
    const { context, master } = this;
    while (!this.isOver) {
      try {
        await this.follow(await context.connect(master));
      } catch (error) {
        if (this.isOver) return;
        context.metrics.connectionErrors++;
        context.log('shard lost', reasonOf(error), { shard: `${master.host}:${master.port}` });
      }
      if (!this.isOver) await context.sleep(RECONNECT_SECONDS);
    }
  }

  private get isOver(): boolean {
    return this.ended.signal.aborted || this.context.stop.aborted;
  }

  private async follow(source: NodeConnection): Promise<void> {
    const connection = new AbortController();
    const loops: Promise<void>[] = [];
    try {
      await source.track((key) => this.note(key));
      // What changed before is not told: the first comparison finds it.
      this.everything = true;
      loops.push(this.copyChanges(source, connection.signal), this.compareWhenAsked(source, connection.signal));
      const lost = source.lost.then((why) => Promise.reject(new Error(why)));
      await Promise.race([lost, Promise.all(loops)]);
    } finally {
      connection.abort();
      source.close();
      // A copy that is under way must not land after those that the next connection makes.
      await Promise.allSettled(loops);
    }
  }

  private note(key: Buffer | null): void {
    if (key === null) this.everything = true;
    else this.changed.add(nameOf(key));
  }

  private async copyChanges(source: NodeConnection, lost: AbortSignal): Promise<void> {
    const { batch, flushSeconds, sleep } = this.context;
    while (!this.isOver && !lost.aborted) {
      const names = [...this.changed].slice(0, batch);
      if (names.length === 0) await sleep(flushSeconds);
      else await this.copy(source, names);
    }
  }

  private async compareWhenAsked(source: NodeConnection, lost: AbortSignal): Promise<void> {
    while (!this.isOver && !lost.aborted) {
      if (this.everything) {
        this.everything = false;
        this.context.metrics.comparisons++;
        await this.compare(source);
      }
      await this.context.sleep(this.context.flushSeconds);
    }
  }

  /** A key that changes while it is copied is noted again: taken off the list before it is read. */
  private async copy(source: NodeConnection, names: readonly string[]): Promise<void> {
    const { target, metrics, onCopied } = this.context;
    for (const name of names) this.changed.delete(name);
    try {
      const keys = names.map(keyOf);
      const copies = await source.copies(keys);
      await Promise.all(
        keys.map(async (key, i) => {
          const copy = copies[i];
          if (copy === null || copy === undefined) return target.remove(key);
          await target.put(key, copy);
          return onCopied(key);
        }),
      );
      metrics.copied += copies.filter((copy) => copy !== null).length;
      metrics.removed += copies.filter((copy) => copy === null).length;
    } catch (error) {
      for (const name of names) this.changed.add(name);
      throw error;
    }
  }

  /** Copies every key of the source, and removes those of the target that the source does not have (any more). */
  private async compare(source: NodeConnection): Promise<void> {
    await this.eachPage(
      (cursor) => source.scan(cursor),
      (keys) => {
        for (const key of keys) this.note(key);
        return Promise.resolve();
      },
    );
    const { target } = this.context;
    for (const holder of await target.masters()) {
      await this.eachPage(
        (cursor) => target.scan(holder, cursor),
        async (keys) => {
          const ours = keys.filter((key) => holds(this.master, slotOf(key)));
          const exist = await source.exist(ours);
          // Noted, not removed at once: it may be written at the source in this very moment, and is then copied.
          ours.filter((_, i) => exist[i] === false).forEach((key) => this.note(key));
        },
      );
    }
  }

  private async eachPage(
    read: (cursor: string) => Promise<{ cursor: string; keys: readonly Buffer[] }>,
    take: (keys: readonly Buffer[]) => Promise<void>,
  ): Promise<void> {
    let cursor = '0';
    do {
      while (this.changed.size > this.context.batch * FULL_BATCHES && !this.isOver) await this.context.sleep(this.context.flushSeconds);
      if (this.isOver) return;
      const page = await read(cursor);
      await take(page.keys);
      ({ cursor } = page);
    } while (cursor !== '0');
  }
}
