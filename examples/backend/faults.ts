import { z } from 'zod';

const rate = z.number().min(0).max(1024);

/** Faults that a drill may ask of the service itself; only with `FAULTS=1`. */
export const faultsSchema = z.strictObject({
  /** MiB per second outside the heap: ends with the kernel's OOM killer. */
  leak: rate.default(0),
  /** MiB per second in the heap: ends with Node's own fatal error, and a report. */
  leakHeap: rate.default(0),
  /** Share of the requests that are answered with 500. */
  errorPercent: z.number().min(0).max(100).default(0),
  latencyMs: z.number().min(0).max(60_000).default(0),
  unready: z.boolean().default(false),
  /** The service's clock is this much ahead (or, negative, behind). */
  clockOffsetMs: z.number().default(0),
  /** Events per second that this pod takes from the queue; null: as many as it can. */
  drainPerSecond: z.number().min(0).nullable().default(null),
  /** No fault, a measurement: beside what the limits ask of the cache, a bare question is asked of it. */
  compareLimits: z.boolean().default(false),
});

export type FaultSettings = z.infer<typeof faultsSchema>;

export const NO_FAULTS: FaultSettings = faultsSchema.parse({});

const TICK_MS = 100;
const MIB = 1024 * 1024;
const BYTES_PER_NUMBER = 8;

/** The faults that are in force. Memory that has leaked stays leaked: only a restart heals it, as with a real leak. */
export class Faults {
  private settings: FaultSettings;
  private readonly leaked: unknown[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    /** null: the service was not started with `FAULTS=1`, and has none */
    initial: FaultSettings | null,
    private readonly random: () => number = Math.random,
  ) {
    this.allowed = initial !== null;
    this.settings = initial ?? NO_FAULTS;
    this.scheduleLeak();
  }

  readonly allowed: boolean;

  get current(): FaultSettings {
    return this.settings;
  }

  set(settings: FaultSettings): void {
    if (!this.allowed) throw new Error('this service was not started with FAULTS=1');
    this.settings = settings;
    this.scheduleLeak();
  }

  heal(): void {
    if (this.allowed) this.set(NO_FAULTS);
  }

  failsThisRequest(): boolean {
    return this.random() * 100 < this.settings.errorPercent;
  }

  private scheduleLeak(): void {
    clearInterval(this.timer);
    if (this.settings.leak === 0 && this.settings.leakHeap === 0) return;
    this.timer = setInterval(() => this.leak(), TICK_MS);
    this.timer.unref();
  }

  private leak(): void {
    const share = TICK_MS / 1000;
    const { leak, leakHeap } = this.settings;
    // Filled with something: pages that nobody has touched take no memory.
    if (leak > 0) this.leaked.push(Buffer.alloc(Math.ceil(leak * share * MIB), 1));
    if (leakHeap > 0) this.leaked.push(Array.from({ length: Math.ceil((leakHeap * share * MIB) / BYTES_PER_NUMBER) }, () => Math.random()));
  }
}
