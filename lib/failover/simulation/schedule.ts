/** Virtual time: what is to happen, in order. Nothing waits for anything but this. */
interface Entry {
  readonly at: number;
  /** Of two things at the same time the one that was put down first happens first. */
  readonly order: number;
  readonly act: () => void;
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Schedule {
  /** Milliseconds since the beginning. */
  time = 0;
  private readonly heap: Entry[] = [];
  private order = 0;
  private stirred = false;

  at(time: number, act: () => void): void {
    this.push({ at: Math.max(time, this.time), order: this.order++, act });
  }

  after(delay: number, act: () => void): void {
    this.at(this.time + delay, act);
  }

  /** A promise was settled: before anything else happens, whoever awaits it goes on. */
  stir(): void {
    this.stirred = true;
  }

  async run(until: number): Promise<void> {
    if (this.stirred) await this.drained();
    for (let first = this.heap[0]; first !== undefined && first.at <= until; first = this.heap[0]) {
      this.pop();
      this.time = first.at;
      first.act();
      if (this.stirred) await this.drained();
    }
    this.time = until;
  }

  /** All promises that are settled are acted on before a tick's turn comes. Nothing else of the process does: whoever plays many runs lets it, in between. */
  private async drained(): Promise<void> {
    this.stirred = false;
    await new Promise<void>((done) => process.nextTick(done));
    if (this.stirred) await this.drained();
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      const lesser = right !== undefined && isBefore(right, left) ? right : left;
      if (lesser === right) child++;
      if (!isBefore(lesser, last)) break;
      heap[i] = lesser;
      i = child;
    }
    heap[i] = last;
  }
}

const WALL_BASE = 1_700_000_000_000;

/** A machine's clocks: one that only goes forward, at its own rate, and one that people set. */
export class LocalClock {
  private offset: number;
  /** Milliseconds for which it stood still: none, on `CLOCK_BOOTTIME`. */
  stoodStill = 0;

  constructor(
    private readonly schedule: Schedule,
    private readonly rate: number,
    offset = 0,
  ) {
    this.offset = offset;
  }

  elapsed(): number {
    return (this.schedule.time - this.stoodStill) * this.rate;
  }

  now(): number {
    return WALL_BASE + this.offset + this.schedule.time * this.rate;
  }

  step(milliseconds: number): void {
    this.offset += milliseconds;
  }

  /** How long something that takes so long on this clock takes in truth. */
  real(milliseconds: number): number {
    return milliseconds / this.rate;
  }
}
