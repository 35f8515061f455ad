import { z } from 'zod';
import type { CacheConnection } from '../cache/connection';
import type { Event } from './store';

export interface Queued {
  /** The queue's own name of this entry. */
  readonly entry: string;
  readonly event: Event;
}

/** Events that wait for the database, one queue for all pods. Every call throws when the queue can't be reached. */
export interface EventQueue {
  /** Returns when a second copy of it exists. @throws also when there is none */
  push(event: Event): Promise<void>;
  depth(): Promise<number>;
  /** Some that nobody else has taken; those that a pod took and did not finish come again. */
  take(most: number): Promise<readonly Queued[]>;
  /** They are where they belong. */
  finish(entries: readonly Queued[]): Promise<void>;
}

/** One key, so one shard: the order of a batch doesn't matter, and one list is one thing to look after. */
const KEY = 'events:{queue}';
const GROUP = 'drain';
/** What a pod has taken and not finished for so long is taken over: it has died, or has lost the database. */
const ABANDONED_AFTER_MS = 15_000;

const entries = z.array(z.tuple([z.string(), z.array(z.string()).nullable()]));
const streams = z.array(z.tuple([z.string(), entries])).nullable();
const claimed = z.tuple([z.string(), entries]).rest(z.unknown());

/**
 * A stream of Redis. `WAIT` makes the acknowledgement mean that a replica has it: it is lost only with the master and that replica, before the database is back.
 * Its connection is its own, since `WAIT` holds up whatever comes after it.
 */
export class RedisEventQueue implements EventQueue {
  constructor(
    private readonly cache: CacheConnection,
    private readonly pod: string,
    private readonly options: { readonly copies: number; readonly waitMs: number } = { copies: 1, waitMs: 300 },
  ) {}

  async push(event: Event): Promise<void> {
    const { copies, waitMs } = this.options;
    const results = await this.cache.client.pipeline().xadd(KEY, '*', 'event', JSON.stringify(event)).wait(copies, waitMs).exec();
    const [added, waited] = results ?? [];
    if (added === undefined || waited === undefined) throw new Error('the queue did not answer');
    if (added[0] !== null) {
      // A pipeline does not follow the slot when it moves; a plain command does, and tells the client where it is.
      await this.depth();
      throw added[0];
    }
    if (waited[0] !== null) throw waited[0];
    if (Number(waited[1]) < copies) throw new Error(`the queue has ${Number(waited[1])} copies of the event, and ${copies} are needed`);
  }

  depth(): Promise<number> {
    return this.cache.client.xlen(KEY);
  }

  async take(most: number): Promise<readonly Queued[]> {
    try {
      return await this.ask(most);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOGROUP'))) throw error;
      await this.makeGroup();
      return this.ask(most);
    }
  }

  async finish(done: readonly Queued[]): Promise<void> {
    const names = done.map(({ entry }) => entry);
    if (names.length === 0) return;
    const { client } = this.cache;
    await client.xack(KEY, GROUP, ...names);
    await client.xdel(KEY, ...names);
  }

  private async ask(most: number): Promise<readonly Queued[]> {
    const { client } = this.cache;
    const [, abandoned] = claimed.parse(await client.xautoclaim(KEY, GROUP, this.pod, ABANDONED_AFTER_MS, '0-0', 'COUNT', most));
    const again = read(abandoned);
    if (again.length > 0) return again;
    const fresh = streams.parse(await client.xreadgroup('GROUP', GROUP, this.pod, 'COUNT', most, 'STREAMS', KEY, '>'));
    return (fresh ?? []).flatMap(([, found]) => read(found));
  }

  private async makeGroup(): Promise<void> {
    try {
      await this.cache.client.xgroup('CREATE', KEY, GROUP, '0', 'MKSTREAM');
    } catch (error) {
      // Another pod was first.
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
    }
  }
}

/** Entries that were deleted while somebody had them come without content. */
const read = (found: z.infer<typeof entries>): readonly Queued[] =>
  found.flatMap(([entry, fields]) => {
    const content = fields?.[1];
    return content === undefined ? [] : [{ entry, event: JSON.parse(content) as Event }];
  });
