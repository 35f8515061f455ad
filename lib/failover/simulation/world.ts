/** Everything that exists in one simulated run, what is known of it from above, and what must never be. */
import type { Approval } from '../approval';
import type { AdvanceRequest, LeaseRecord, LeaseStep } from '../lease';
import { create } from '../lease';
import { DRIFT_BOUND } from '../lease-keeper';
import type { FailoverSettings } from '../settings';
import type { FailoverRequest } from '../steps/run';
import { LeaseTable } from './lease-table';
import type { BrokenAssumption, Mutation } from './mutations';
import { Network, OUTSIDE, WITNESS, type Place, type Readiness } from './network';
import { actOnRole } from './patroni';
import type { Random } from './random';
import { SimulatedRegion } from './region';
import { LocalClock, Schedule } from './schedule';
import { SwitchObjects } from './switch-objects';
import type { Trace } from './trace';

export interface Violation {
  readonly rule: string;
  readonly at: number;
  readonly detail: string;
}

/** `standby-missing`: done, and somebody was called since the old region does not follow. */
export type RunEnd = 'settled' | 'standby-missing' | 'carried-out' | 'refused' | 'undone' | 'paged' | 'planned';
/** One attempt at a workflow. */
export interface Run {
  readonly request: FailoverRequest;
  end: RunEnd | undefined;
  /** When it asked for the last thing that it was answered; a run that is not answered can't know. Milliseconds. */
  askedAt: number;
}

interface Acknowledged {
  readonly region: string;
  readonly at: number;
}

export class World {
  readonly schedule = new Schedule();
  readonly network: Network;
  readonly regions: readonly SimulatedRegion[];
  readonly store: LeaseTable;
  readonly traffic: SwitchObjects;
  readonly witnessClock: LocalClock;
  witnessDownUntil = 0;
  readonly runs: Run[] = [];
  readonly pages = new Map<string, string>();
  readonly approvals: Approval[] = [];
  readonly violations: Violation[] = [];
  readonly acks = new Map<number, Acknowledged>();
  readonly promotions: { readonly epoch: number; readonly at: number; readonly region: string }[] = [];
  /** Acknowledged, and gone: a crash loses what had not been received. */
  readonly lost: number[] = [];
  lastAckAt = -Infinity;
  /** When the last trouble is over, as far as is known. */
  lastTrouble = 0;
  /** The longest time without an acknowledged write. */
  longestGap = 0;
  /** Milliseconds by which wall clocks of functions were set forward. */
  wallStep = 0;
  pauseChance = 0.01;
  /** The share of calls at which a function dies, and at which it stands still. */
  chaos = { crash: 0, freeze: 0 };
  /** The first function of this step that is about to make its call stands still for so long before. Milliseconds. */
  late: { readonly step: string; readonly for: number } | undefined;
  /** A script's say at every call of a workflow's function. */
  onCall: ((call: number, step: string, isFirst: boolean) => CallFate | undefined) | undefined;
  calls = 0;
  private commits = 0;

  constructor(
    readonly settings: FailoverSettings,
    readonly random: Random,
    readonly trace: Trace,
    private readonly removed: ReadonlySet<Mutation>,
    readonly broken: BrokenAssumption | undefined,
  ) {
    this.network = new Network(this.schedule, random, (place) => this.readiness(place));
    this.regions = settings.regions.map(({ name }) => new SimulatedRegion(this, name, this.clock(), settings.home));
    this.witnessClock = this.clock();
    const first = create(null, { environment: settings.environment, region: settings.home, epoch: 1, now: this.region(settings.home).clock.now() });
    if (first.kind === 'refused') throw new Error(first.because);
    this.store = new LeaseTable(this, first.record);
    this.traffic = new SwitchObjects(this, settings.home);
  }

  get time(): number {
    return this.schedule.time;
  }

  /** As wrong as is assumed: a rate within the bound, and a wall clock that is off by up to 10 s. */
  clock(): LocalClock {
    const bound = DRIFT_BOUND * (this.broken === 'more-drift' ? 20 : 1);
    const rate = this.random.chance(0.5) ? 1 + bound * this.random.pick([-1, 1]) : 1 + this.random.between(-bound, bound);
    return new LocalClock(this.schedule, rate, this.random.between(-10_000, 10_000));
  }

  without(mutation: Mutation): boolean {
    return this.removed.has(mutation);
  }

  region(name: string): SimulatedRegion {
    const found = this.regions.find((region) => region.name === name);
    if (found === undefined) throw new Error(`there is no region "${name}"`);
    return found;
  }

  private readiness(place: Place): Readiness {
    if (place === OUTSIDE) return 0;
    if (place === WITNESS) return this.witnessDownUntil > this.time ? 'off' : 0;
    const region = this.region(place);
    return region.up ? Math.max(0, region.frozenUntil - this.time) : 'off';
  }

  note(what: string): void {
    this.trace.note(this.time, what);
  }

  violated(rule: string, detail: string): void {
    this.violations.push({ rule, at: this.time, detail });
    this.note(`VIOLATION ${rule}: ${detail}`);
  }

  nextCommit(): number {
    return ++this.commits;
  }

  acknowledged(region: SimulatedRegion, id: number, at: number): void {
    this.acks.set(id, { region: region.name, at });
    if (this.lastAckAt > -Infinity) this.longestGap = Math.max(this.longestGap, at - this.lastAckAt);
    this.lastAckAt = Math.max(this.lastAckAt, at);
    const newer = this.promotions.find((promotion) => promotion.epoch > region.epoch && promotion.at <= at && promotion.region !== region.name);
    if (newer !== undefined) {
      this.violated(
        'two-writable-regions',
        `${region.name} acknowledged commit ${id} in epoch ${region.epoch} at ${at.toFixed(0)} ms; ${newer.region} was promoted in epoch ${newer.epoch} at ${newer.at.toFixed(0)} ms`,
      );
    }
  }

  /** When a change was settled, by its epoch. */
  readonly settledAt = new Map<number, number>();
  /** To whom the store has granted to be promoted in an epoch, or given it back. */
  readonly granted = new Map<number, string>();

  /** Etcd of a region has been told that it is primary. */
  promoted(region: SimulatedRegion, epoch: number, execution: string): void {
    this.promotions.push({ epoch, at: this.time, region: region.name });
    if (this.granted.get(epoch) !== region.name) this.violated('promoted-without-the-lease', `${region.name} in epoch ${epoch}`);
    const has = new Set(region.log.ids);
    const lost = [...this.acks.keys()].filter((id) => !has.has(id) && !this.lost.includes(id));
    this.note(`${region.name} is promoted in epoch ${epoch} by ${execution}${lost.length === 0 ? '' : `, without ${lost.length} commits`}`);
    this.lost.push(...lost);
    if (lost.length > 0 && execution.includes('-failback@'))
      this.violated('failback-lost-a-write', `${lost.length} acknowledged commits are not in ${region.name}`);
  }

  patroniActs(region: SimulatedRegion): void {
    actOnRole(this, region);
  }

  /** Told by the store: what must be true when a workflow takes the lease. */
  readonly onAdvance: ((before: LeaseRecord, request: AdvanceRequest) => void)[] = [];
  advanced(before: LeaseRecord, request: AdvanceRequest): void {
    for (const look of this.onAdvance) look(before, request);
  }

  /** What a trouble waits for: that a workflow has got so far, for the first time. */
  private readonly waiting = new Map<LeaseStep, (() => void)[]>();
  whenReached(step: LeaseStep, act: () => void): void {
    this.waiting.set(step, [...(this.waiting.get(step) ?? []), act]);
  }
  reached(step: LeaseStep): void {
    const acts = this.waiting.get(step) ?? [];
    this.waiting.delete(step);
    for (const act of acts) act();
  }

  page(id: string, text: string): void {
    if (this.pages.has(id)) return;
    this.pages.set(id, text);
    this.note(`page ${id}: ${text}`);
  }
}

/** What becomes of a function at one of its calls. Milliseconds. */
export type CallFate =
  | { readonly kind: 'dies-before' }
  | { readonly kind: 'dies-after' }
  | { readonly kind: 'stands-still'; readonly for: number }
  | { readonly kind: 'no-question' }
  | { readonly kind: 'no-answer' };
