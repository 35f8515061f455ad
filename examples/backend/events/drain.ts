import type { Metrics } from '../metrics';
import type { EventQueue } from './queue';
import type { EventStore } from './store';

export interface DrainParts {
  readonly store: EventStore;
  readonly queue: EventQueue;
  readonly databaseReachable: () => boolean;
  /** Looks how many wait, and counts it. */
  readonly depth: () => Promise<number>;
  /** Events per second that this pod takes; null: as many as it can. */
  readonly rate: () => number | null;
  readonly metrics: Metrics;
  readonly onProblem: (error: unknown, what: string) => void;
}

const BATCH = 500;
const IDLE_MS = 250;

/**
 * Brings queued events into the database, a batch at a time, in every pod. An entry leaves the queue only when its batch is committed; if the pod dies in between, another
 * brings the same events again, and they are there already.
 */
export class Drain {
  private stopped = false;
  private credit = 0;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly parts: DrainParts) {}

  start(): void {
    this.running = this.run();
  }

  /** Finishes the batch that was begun. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /** @returns how many were brought. @throws what the queue or the database says */
  async once(): Promise<number> {
    const { store, queue, metrics } = this.parts;
    const most = this.mayTake();
    if (most === 0) return 0;
    const batch = await queue.take(most);
    if (batch.length === 0) return 0;
    this.credit = Math.max(0, this.credit - batch.length);
    await store.addQueued(batch.map(({ event }) => event));
    await queue.finish(batch);
    metrics.eventsReplayed.inc(batch.length);
    return batch.length;
  }

  /** Where a rate was asked for, what it allows by now: a fraction of an event is kept for the next time. */
  private mayTake(): number {
    const rate = this.parts.rate();
    if (rate === null) return BATCH;
    this.credit = Math.min(Math.max(1, rate), this.credit + rate * (IDLE_MS / 1000));
    return Math.min(BATCH, Math.floor(this.credit));
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      await this.parts.depth().catch((error: unknown) => this.parts.onProblem(error, 'the queue can not be looked at'));
      const brought = this.parts.databaseReachable() ? await this.attempt() : 0;
      // A full batch means that more wait; a rate that was asked for is kept.
      if (brought < BATCH || this.parts.rate() !== null) await pause(IDLE_MS);
    }
  }

  private async attempt(): Promise<number> {
    try {
      return await this.once();
    } catch (error) {
      this.parts.onProblem(error, 'queued events could not be brought into the database; they stay queued');
      return 0;
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
