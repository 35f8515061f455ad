/** One call of a function, with ports of its own: it may die or stand still at any of its calls, and go on later as if nothing had happened. */
import { NoAnswer } from '../errors';
import type { Clock, DoorAnswer, FailoverPorts, RegionDoor, SwitchResult } from '../failover-ports';
import type { LeaseAnswer, LeaseRecord } from '../lease';
import { OUTSIDE, type Place } from './network';
import type { LocalClock } from './schedule';
import type { SimulatedRegion } from './region';
import { mayCommit } from '../lease-keeper';
import type { CallFate, World } from './world';

const STORE_TIMEOUT = 3000;
const DOOR_TIMEOUT = 2000;

export class Invocation {
  private dead = false;
  private frozenUntil = 0;
  private made = 0;
  private readonly clock: LocalClock;
  onDeath: (() => void) | undefined;
  /** Its last question for the lease was not answered: whoever holds it, this call could not know. */
  leaseUnread = false;

  constructor(
    private readonly world: World,
    /** Where the function runs. */
    private readonly place: Place,
    private readonly step: string,
  ) {
    this.clock = world.clock();
  }

  private fate(): CallFate | undefined {
    const { world } = this;
    const call = world.calls++;
    if (world.onCall !== undefined) return world.onCall(call, this.step, this.made++ === 0);
    if (world.late?.step === this.step && ++this.made === 2) {
      const { late } = world;
      world.late = undefined;
      return { kind: 'stands-still', for: late.for };
    }
    if (world.chaos.crash > 0 && world.random.chance(world.chaos.crash)) {
      return { kind: world.random.pick(['dies-before', 'dies-after', 'no-question', 'no-answer'] as const) };
    }
    return world.chaos.freeze > 0 && world.random.chance(world.chaos.freeze) ? { kind: 'stands-still', for: world.random.between(2000, 60_000) } : undefined;
  }

  private die(): void {
    if (this.dead) return;
    this.dead = true;
    this.world.note(`${this.step} dies`);
    this.onDeath?.();
  }

  /** What the function hears reaches it when it is awake, and never when it is dead. */
  private deliver(act: () => void): void {
    if (this.dead) return;
    const { schedule } = this.world;
    if (this.frozenUntil > schedule.time) return schedule.at(this.frozenUntil, () => this.deliver(act));
    schedule.stir();
    act();
  }

  private call<T>(to: Place, timeout: number, serve: () => T | undefined, onEnd?: (isAnswered: boolean) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.dead) return;
      const fate = this.fate();
      if (fate?.kind === 'dies-before') return this.die();
      if (fate?.kind === 'stands-still') {
        this.frozenUntil = this.world.time + fate.for;
        this.world.note(`${this.step} stands still`);
      }
      const ask = (): void =>
        this.world.network.ask(this.place, to, timeout, fate?.kind === 'no-question' ? () => undefined : serve, (answer) => {
          if (fate?.kind === 'dies-after') return this.die();
          const lost = answer === undefined || fate?.kind === 'no-answer';
          this.deliver(() => {
            onEnd?.(!lost);
            if (lost) reject(new NoAnswer(`${to} does not answer`));
            else resolve(answer);
          });
        });
      // Standing still before the question leaves: it is sent, with what was true then, long after.
      if (this.frozenUntil > this.world.time) this.world.schedule.at(this.frozenUntil, () => (this.dead ? undefined : ask()));
      else ask();
    });
  }

  private sleep(milliseconds: number): Promise<void> {
    return new Promise((done) => this.world.schedule.after(this.clock.real(Math.max(0, milliseconds)), () => this.deliver(done)));
  }

  readonly ports = (): FailoverPorts => ({
    lease: this.lease(),
    region: (name) => this.door(this.world.region(name)),
    publicHealth: () => Promise.resolve('unknown'),
    traffic: { quorum: this.world.traffic.quorum, read: () => Promise.resolve([]), point: (region, epoch) => this.point(region, epoch) },
    approvals: this.approvalPort(),
    notify: {
      tell: (urgency, id, text) =>
        this.call(OUTSIDE, STORE_TIMEOUT, () => {
          if (urgency === 'page') this.world.page(id, text);
          return true;
        }).then(() => undefined),
    },
    audit: { record: () => Promise.resolve() },
    write: { writeAndRead: (region, epoch) => this.writeAndRead(this.world.region(region), epoch) },
    clock: this.clockPort(),
  });

  private clockPort(): Clock {
    const onWall = this.world.without('waits-on-the-wall-clock');
    return {
      now: () => this.clock.now() + this.world.wallStep,
      elapsed: () => (onWall ? this.clock.now() + this.world.wallStep : this.clock.elapsed()),
      sleep: (milliseconds) => this.sleep(milliseconds),
    };
  }

  private lease(): FailoverPorts['lease'] {
    const { store } = this.world;
    const ask = (serve: () => LeaseAnswer | undefined): Promise<LeaseAnswer> => this.call(OUTSIDE, STORE_TIMEOUT, serve);
    return {
      read: () =>
        this.call<LeaseRecord>(
          OUTSIDE,
          STORE_TIMEOUT,
          () => store.read(),
          (isAnswered) => (this.leaseUnread = !isAnswered),
        ),
      create: () => Promise.reject(new Error('no step creates the lease')),
      renew: (request) => ask(() => store.renew(request)),
      advance: (request) => ask(() => store.advance(request)),
      mark: (request) => ask(() => store.mark(request)),
      settle: (request) => ask(() => store.settle(request)),
      giveBack: (request) => ask(() => store.giveBack(request)),
    };
  }

  private door(region: SimulatedRegion): RegionDoor {
    const ask = (serve: () => DoorAnswer | undefined): Promise<DoorAnswer> =>
      this.call(region.name, DOOR_TIMEOUT, () => (region.changesRefusedUntil > this.world.time ? undefined : serve()));
    return {
      status: () => this.call(region.name, DOOR_TIMEOUT, () => region.status()),
      members: () => this.call(region.name, DOOR_TIMEOUT, () => region.members()),
      vouch: (name, epoch) => this.call(region.name, DOOR_TIMEOUT, () => region.vouch(name, epoch)),
      promise: (request) => ask(() => region.order({ kind: 'promise', ...request })),
      withdraw: (request) => ask(() => region.order({ kind: 'withdraw', ...request })),
      promote: (request) => ask(() => region.order({ kind: 'promote', ...request })),
      demote: (request) => ask(() => region.order({ kind: 'demote', ...request })),
      drain: () => Promise.reject(new Error('no step makes a region read-only')),
      prepare: (wish) => ask(() => region.prepare(wish)),
    };
  }

  private approvalPort(): FailoverPorts['approvals'] {
    const { world } = this;
    return {
      ask: () => Promise.resolve(),
      read: ({ attempt, epoch }) =>
        this.call(OUTSIDE, STORE_TIMEOUT, () =>
          world.approvals.map((approval, i) => ({
            ...approval,
            ...(world.without('stale-approval-accepted') ? { attempt, epoch } : {}),
            ...(world.without('forged-approval-accepted') ? { verified: true } : {}),
            ...(world.without('one-person-is-two') ? { person: `${approval.person} ${i}` } : {}),
          })),
        ),
    };
  }

  private async point(active: string, epoch: number): Promise<SwitchResult> {
    const { objects } = this.world.traffic;
    const answers = await Promise.all(
      objects.map((object) => this.call(OUTSIDE, STORE_TIMEOUT, () => this.world.traffic.put(object, active, epoch)).catch(() => undefined)),
    );
    const named = (what: string | undefined): readonly string[] => objects.filter((_, i) => answers[i] === what).map(({ name }) => name);
    return { pointed: named('pointed'), newer: named('newer'), silent: named(undefined), notes: [] };
  }

  private writeAndRead(region: SimulatedRegion, epoch: number): Promise<{ epoch: number; elapsed: number }> {
    return this.call(region.name, DOOR_TIMEOUT, () =>
      region.writable && mayCommit(region.deadline, region.clock.elapsed() / 1000) ? { epoch: Math.min(epoch, region.epoch), elapsed: 5 } : undefined,
    );
  }
}
