/** Messages between places: they take time, are lost, arrive twice or late, and a link may be cut in one direction. */
import type { Random } from './random';
import type { Schedule } from './schedule';

/** A region's name, `witness` (the decider), or `outside` (the lease store, the switch objects, people). */
export type Place = string;
export const WITNESS: Place = 'witness';
export const OUTSIDE: Place = 'outside';

/** When a place can work on something: `off` never, otherwise so many milliseconds from now. */
export type Readiness = 'off' | number;

export interface Weather {
  /** Share of messages that are lost. */
  loss: number;
  /** Share of questions that are carried out a second time, later. */
  twice: number;
  /** Share of messages that take up to `late` milliseconds. */
  slow: number;
  late: number;
}
const FAIR: Weather = { loss: 0, twice: 0, slow: 0, late: 0 };

export class Network {
  weather: Weather = { ...FAIR };
  /** Until when, by the place that something comes from and the place that it goes to. */
  private readonly cuts = new Map<Place, Map<Place, number>>();

  constructor(
    private readonly schedule: Schedule,
    private readonly random: Random,
    private readonly readinessOf: (place: Place) => Readiness,
  ) {}

  /** Nothing gets from one place to the other, until a time. */
  cut(from: Place, to: Place, until: number): void {
    const cuts = this.cuts.get(from) ?? new Map<Place, number>();
    this.cuts.set(from, cuts.set(to, Math.max(until, cuts.get(to) ?? 0)));
  }

  clear(): void {
    this.cuts.clear();
    this.weather = { ...FAIR };
  }

  reaches(from: Place, to: Place): boolean {
    return from === to || this.cuts.size === 0 || (this.cuts.get(from)?.get(to) ?? 0) <= this.schedule.time;
  }

  reachBothWays(a: Place, b: Place): boolean {
    return this.reaches(a, b) && this.reaches(b, a);
  }

  /**
   * A question and its answer. The receiver may work on it long after nobody waits for it any more.
   * @param serve carried out by the receiver; undefined: it does not answer
   * @param done told once: the answer, or undefined when none came in time
   */
  ask<T>(from: Place, to: Place, timeout: number, serve: () => T | undefined, done: (answer: T | undefined) => void): void {
    const { schedule, random } = this;
    const end = schedule.time + timeout;
    const silence = (): void => schedule.at(end, () => done(undefined));
    if (this.isLost(from, to)) return silence();
    const there = this.latency(from, to);
    if (this.weather.twice > 0 && random.chance(this.weather.twice)) this.again(to, there + random.between(0, 20_000), serve);
    const arrive = (): void => {
      const readiness = this.readinessOf(to);
      if (readiness === 'off') return silence();
      if (readiness > 0) return schedule.after(readiness, arrive);
      const answer = serve();
      const back = this.latency(to, from);
      if (answer === undefined || this.isLost(to, from) || schedule.time + back > end) return silence();
      schedule.after(back, () => done(answer));
    };
    schedule.after(there, arrive);
  }

  private again(to: Place, delay: number, serve: () => unknown): void {
    this.schedule.after(delay, () => {
      if (this.readinessOf(to) === 0) serve();
    });
  }

  private isLost(from: Place, to: Place): boolean {
    return !this.reaches(from, to) || (this.weather.loss > 0 && from !== to && this.random.chance(this.weather.loss));
  }

  private latency(from: Place, to: Place): number {
    const usual = from === to ? 2 : 20 + 40 * this.random.next();
    return this.weather.slow > 0 && this.random.chance(this.weather.slow) ? usual + this.random.between(0, this.weather.late) : usual;
  }
}
