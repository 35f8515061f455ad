/** Route 53's health checkers: several, each on its own, none aware of the others; a check passes when more than 18 % of them say so. */
import type { ProbeResults } from '../../lib/failover/routing';
import type { ProbedCheck, ProbeOutcome } from './probe';

/** Developer guide, "How Amazon Route 53 determines whether a health check is healthy". */
export const HEALTHY_SHARE = 0.18;

/** One checker's opinion on one check: it changes its mind after so many probes in a row. Pure. */
export class Opinion {
  /** Before it is known: healthy, as Route 53 has it. */
  healthy = true;
  private contrary = 0;
  private known = false;

  constructor(private readonly threshold: number) {}

  /** @returns whether the opinion has changed */
  hear(passes: boolean): boolean {
    // The first probe settles it: a checker that has just begun has no row to break.
    const patience = this.known ? this.threshold : 1;
    this.known = true;
    this.contrary = passes === this.healthy ? 0 : this.contrary + 1;
    if (this.contrary < patience) return false;
    this.healthy = passes;
    this.contrary = 0;
    return true;
  }
}

export interface CheckersOptions {
  readonly checks: readonly ProbedCheck[];
  /** How many look at each check. Route 53 has at least 15; each lab's costs as much as any other. */
  readonly checkers: number;
  readonly probe: (check: ProbedCheck) => Promise<ProbeOutcome>;
  readonly onChange: (check: ProbedCheck, passes: boolean, because: string) => void;
  /** Divides all intervals: for tests. @default - 1 */
  readonly haste?: number;
}

export class Checkers {
  private readonly opinions: ReadonlyMap<string, readonly Opinion[]>;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly status = new Map<string, boolean>();

  constructor(private readonly options: CheckersOptions) {
    const { checks, checkers } = options;
    this.opinions = new Map(checks.map((check) => [check.id, Array.from({ length: checkers }, () => new Opinion(check.probe.failureThreshold))]));
    for (const check of checks) this.status.set(check.id, this.passes(check.id));
    checks.forEach((check, c) => this.opinions.get(check.id)?.forEach((opinion, n) => this.begin(check, opinion, (n + c / checks.length) / checkers)));
  }

  /** @param phase 0 to 1, of the interval: checkers probe evenly spread, as many independent ones do on average */
  private begin(check: ProbedCheck, opinion: Opinion, phase: number): void {
    const every = (check.probe.interval * 1000) / (this.options.haste ?? 1);
    const look = (): void => {
      void this.options.probe(check).then(({ passes, because }) => {
        if (opinion.hear(passes)) this.judge(check, because);
      });
    };
    const first = setTimeout(() => {
      this.timers.delete(first);
      look();
      this.timers.add(setInterval(look, every));
    }, phase * every);
    this.timers.add(first);
  }

  private judge(check: ProbedCheck, because: string): void {
    const passes = this.passes(check.id);
    if (passes === this.status.get(check.id)) return;
    this.status.set(check.id, passes);
    this.options.onChange(check, passes, because);
  }

  private passes(id: string): boolean {
    const all = this.opinions.get(id) ?? [];
    return all.filter((opinion) => opinion.healthy).length > HEALTHY_SHARE * all.length;
  }

  /** By the check's id, before it is inverted. */
  results(): ProbeResults {
    return this.status;
  }

  /** How many checkers say "healthy", by the check's id: for people. */
  counts(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.opinions].map(([id, all]) => [id, `${all.filter((opinion) => opinion.healthy).length}/${all.length}`]));
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}
