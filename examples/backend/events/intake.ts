import { isTransient } from '../database/errors';
import { Problem, unavailable } from '../http/problem';
import type { Metrics } from '../metrics';
import type { EventQueue } from './queue';
import type { Event, EventStore } from './store';

export interface IntakeParts {
  readonly store: EventStore;
  /** null: the service has no cache to fall back to */
  readonly queue: EventQueue | null;
  /** `queue`: every event goes through the queue, which smooths what comes in bursts */
  readonly mode: 'database' | 'queue';
  readonly backpressureAt: number;
  readonly databaseReachable: () => boolean;
  readonly metrics: Metrics;
  readonly monotonic?: () => number;
  readonly onProblem: (error: unknown, what: string) => void;
}

/** Where an event is that was accepted. */
export type Accepted = 'stored' | 'queued';

/** Long enough for a database that works; what takes longer goes to the queue. */
const STORE_TIMEOUT_MS = 1000;
const DEPTH_FOR_MS = 250;
const SLOW_DOWN_SECONDS = 5;

/** Takes events: into the database, or, while that is away, into a queue from which they get there exactly once, because their id is the key of their row. */
export class Intake {
  private known = { depth: 0, at: -Infinity };

  constructor(private readonly parts: IntakeParts) {}

  /** @throws Problem 429 when too many wait already, 503 when nothing can keep it: then it has not been accepted, and may be sent again */
  async accept(event: Event, remainingMs: () => number): Promise<Accepted> {
    const { store, queue, mode, databaseReachable } = this.parts;
    if (mode === 'database' && databaseReachable() && (await this.stored(event, remainingMs()))) return 'stored';
    if (queue !== null && (await this.queued(queue, event))) return 'queued';
    await store.addWithin(event, remainingMs());
    return 'stored';
  }

  /** Events that wait. @throws the queue's error */
  async depth(): Promise<number> {
    const { queue, metrics, monotonic = () => performance.now() } = this.parts;
    if (queue === null) return 0;
    if (monotonic() - this.known.at >= DEPTH_FOR_MS) {
      this.known = { depth: await queue.depth(), at: monotonic() };
      metrics.queueDepth.set(this.known.depth);
    }
    return this.known.depth;
  }

  /** @returns false: the database did not take it in the time that a working one needs */
  private async stored(event: Event, remainingMs: number): Promise<boolean> {
    try {
      await this.parts.store.add(event, Math.min(STORE_TIMEOUT_MS, remainingMs));
      return true;
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.parts.onProblem(error, 'an event goes to the queue');
      return false;
    }
  }

  /** @returns false: the queue can't keep it either */
  private async queued(queue: EventQueue, event: Event): Promise<boolean> {
    const { backpressureAt, databaseReachable, onProblem } = this.parts;
    try {
      if ((await this.depth()) >= backpressureAt) {
        throw new Problem(429, 'queue_full', `${this.known.depth} events wait already; from ${backpressureAt} on, no more are taken`, {
          retryAfterSeconds: SLOW_DOWN_SECONDS,
        });
      }
      await queue.push(event);
      this.known = { ...this.known, depth: this.known.depth + 1 };
      return true;
    } catch (error) {
      if (error instanceof Problem) throw error;
      onProblem(error, 'the queue did not keep an event');
      if (!databaseReachable()) throw unavailable('events_unavailable', 'neither the database nor the queue can keep the event; it may be sent again');
      return false;
    }
  }
}
