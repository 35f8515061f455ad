import type { Degradable, Metrics } from '../metrics';

/** What the service needs others for; asked once a second, and never by a probe: a probe's answer must not wait for anything. */
export type Part = Extract<Degradable, 'database' | 'cache'>;

export interface PartState {
  readonly reachable: boolean;
  /** Since when it has been so, on the monitor's clock, in milliseconds. */
  readonly since: number;
  readonly error: string | null;
}

export type Check = () => Promise<void>;

const PERIOD_MS = 1000;
const FIRST_PERIOD_MS = 100;

export class Monitor {
  private readonly states = new Map<Part, PartState>();
  private readonly reached = new Map<Part, number>();
  private readonly timers = new Map<Part, NodeJS.Timeout>();
  private stopped = false;

  constructor(
    private readonly checks: Readonly<Partial<Record<Part, Check>>>,
    private readonly metrics: Metrics,
    private readonly onChange: (part: Part, state: PartState) => void,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** undefined: the service has no such part, or nothing is known yet */
  state(part: Part): PartState | undefined {
    return this.states.get(part);
  }

  reachable(part: Part): boolean {
    return this.states.get(part)?.reachable ?? false;
  }

  /** For how long it can't be reached, in milliseconds; 0: it can, or nothing is known. */
  lostFor(part: Part): number {
    const state = this.states.get(part);
    return state === undefined || state.reachable ? 0 : this.monotonic() - state.since;
  }

  /** How long ago the last call was begun that was answered, in milliseconds. */
  lastReached(part: Part): number | undefined {
    const at = this.reached.get(part);
    return at === undefined ? undefined : this.monotonic() - at;
  }

  get parts(): readonly Part[] {
    return Object.keys(this.checks) as Part[];
  }

  /** Asks every part until each has answered once or `patienceMs` is over; then again every second, until it is stopped. */
  async start(patienceMs = 0): Promise<void> {
    const begun = this.monotonic();
    await this.look();
    while (this.parts.some((part) => !this.reachable(part)) && this.monotonic() - begun < patienceMs) {
      await new Promise((resolve) => setTimeout(resolve, FIRST_PERIOD_MS));
      await this.look();
    }
    for (const part of this.parts) this.again(part);
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  async look(): Promise<void> {
    await Promise.all(this.parts.map((part) => this.lookAt(part)));
  }

  /** Each part at its own pace: one that makes its caller wait must not make the others look old. */
  private again(part: Part): void {
    if (this.stopped) return;
    const timer = setTimeout(() => void this.lookAt(part).finally(() => this.again(part)), PERIOD_MS);
    this.timers.set(part, timer.unref());
  }

  private async lookAt(part: Part): Promise<void> {
    const begun = this.monotonic();
    try {
      await this.checks[part]?.();
      this.reached.set(part, begun);
      this.record(part, true, null);
    } catch (error) {
      this.record(part, false, error instanceof Error ? error.message : String(error));
    }
  }

  private record(part: Part, reachable: boolean, error: string | null): void {
    this.metrics.degraded.set({ part }, reachable ? 0 : 1);
    const before = this.states.get(part);
    if (before?.reachable === reachable) return;
    const state = { reachable, since: this.monotonic(), error };
    this.states.set(part, state);
    this.onChange(part, state);
  }
}
