/** One simulated region: its etcd, its Patroni, one PostgreSQL member, and its door. */
import type { DoorAnswer, DoorStatus, EpochRequest } from '../failover-ports';
import { MARK_BYTES } from '../carry-out';
import type { MemberSight, RegionSight } from '../region-observation';
import { claimsPrimary, type OwnRole } from '../region-role';
import { mayVouch, type Promised, type Vouch } from '../vouch';
import type { LocalClock } from './schedule';
import type { World } from './world';

/** Bytes of log for each commit. */
const COMMIT_BYTES = 100;

/** The write-ahead log: which commit ends where. Marks that are no commits have a negative number. */
export interface Log {
  readonly ids: number[];
  bytes: number;
}

export class SimulatedRegion {
  up = true;
  frozenUntil = 0;
  etcdDownUntil = 0;
  agentFrozenUntil = 0;
  /** The next time that the agent has asked, it stands still for so long. Milliseconds. */
  agentFreezesAsking = 0;
  /** Nobody can change anything through its door until then. */
  changesRefusedUntil = 0;
  replicationStalledUntil = 0;
  standbySlowUntil = 0;
  /** What etcd holds. */
  config: OwnRole;
  promised: Promised | null = null;
  /** What PostgreSQL is. */
  postgres: 'primary' | 'standby' | 'off';
  /** The epoch in which PostgreSQL was made what it is. */
  epoch = 1;
  /** Another life: connections of an earlier one are gone. */
  life = 1;
  timeline = 1;
  readonly log: Log = { ids: [], bytes: 0 };
  /** Whose log it receives, in which life of that region. */
  upstream: { readonly region: string; readonly life: number } | undefined;
  receivedAt = 0;
  replayedAt: number | undefined;
  vouchedAt: number | null = null;
  /** Until when commits are accepted; seconds on this region's boot clock. */
  deadline: number | undefined;
  /** What a door that is careless about it believes; see the mutation. */
  private stale: { readonly role: OwnRole; readonly promised: Promised | null; readonly at: number } | undefined;

  constructor(
    private readonly world: World,
    readonly name: string,
    readonly clock: LocalClock,
    home: string,
  ) {
    this.config = { initialized: true, follows: name !== home, epoch: 1, primary: home };
    this.postgres = name === home ? 'primary' : 'standby';
  }

  get frozen(): boolean {
    return this.frozenUntil > this.world.time;
  }
  get etcdUp(): boolean {
    return this.up && this.etcdDownUntil <= this.world.time;
  }
  get writable(): boolean {
    return this.up && this.postgres === 'primary';
  }

  append(id: number): void {
    this.log.ids.push(id);
    this.log.bytes += id < 0 ? MARK_BYTES : COMMIT_BYTES;
  }

  /** Forgets what came after the first `count` entries. */
  rewind(count: number): void {
    for (const id of this.log.ids.splice(count)) this.log.bytes -= id < 0 ? MARK_BYTES : COMMIT_BYTES;
  }

  status(): DoorStatus | undefined {
    if (!this.etcdUp) return undefined;
    const streaming = this.config.follows ? this.receivedAt >= this.world.time - 1500 : null;
    return { ...this.config, region: this.name, serving: this.writable && !this.config.follows, promised: this.promised, streaming, vouchedAt: this.vouchedAt };
  }

  members(): RegionSight | undefined {
    if (!this.etcdUp) return undefined;
    const base = { name: this.name, at: this.clock.now() / 1000, role: this.config, expectedMembers: 1, outside: undefined };
    return { ...base, members: this.postgres === 'off' ? [] : [this.member()] };
  }

  private member(): MemberSight {
    const primary = this.postgres === 'primary';
    return {
      name: `${this.name}-0`,
      address: this.name,
      role: primary ? 'primary' : 'standby_leader',
      state: primary ? 'running' : 'streaming',
      timeline: this.timeline,
      written: primary ? this.log.bytes : undefined,
      received: primary ? undefined : this.log.bytes,
      replayed: primary ? undefined : this.log.bytes,
      replayedAt: primary ? undefined : this.replayedAt,
    };
  }

  vouch(region: string, epoch: number): Vouch | undefined {
    if (!this.etcdUp) return undefined;
    const now = this.world.time;
    let reading = { role: this.config, promised: this.promised };
    if (this.world.without('vouch-with-a-stale-reading')) {
      if (this.stale === undefined || now - this.stale.at > 15_000) this.stale = { ...reading, at: now };
      reading = this.stale;
    }
    if (this.world.without('failsafe-ignores-promise')) reading = { ...reading, promised: null };
    const vouch = mayVouch({ region, epoch, arrivedAt: now }, { self: this.name, ...reading, linearizable: true, begunAt: now });
    if (vouch.vouches) this.vouchedAt = this.clock.now();
    return vouch;
  }

  private answer(kind: 'done' | 'refused', because = ''): DoorAnswer {
    return kind === 'done' ? { kind, role: this.config } : { kind, because, role: this.config };
  }

  promise({ epoch, execution }: EpochRequest): DoorAnswer | undefined {
    if (!this.etcdUp) return undefined;
    if (this.promised !== null && this.promised.epoch > epoch) return this.answer('refused', `promised epoch ${this.promised.epoch}`);
    this.promised = { epoch, execution };
    return this.answer('done');
  }

  withdraw({ epoch, execution }: EpochRequest): DoorAnswer | undefined {
    if (!this.etcdUp) return undefined;
    if (this.promised?.epoch === epoch && this.promised.execution === execution) this.promised = null;
    return this.answer('done');
  }

  promote({ epoch, execution }: EpochRequest): DoorAnswer | undefined {
    if (!this.etcdUp) return undefined;
    if (claimsPrimary(this.config) && this.config.epoch === epoch) return this.answer('done');
    if (epoch <= this.config.epoch && !this.world.without('promote-in-any-epoch')) return this.answer('refused', `knows epoch ${this.config.epoch}`);
    if (epoch < this.config.epoch) this.world.violated('epoch-went-back', `${this.name} knew epoch ${this.config.epoch}, and is promoted in ${epoch}`);
    this.config = { ...this.config, follows: false, epoch, primary: this.name };
    this.world.promoted(this, epoch, execution);
    this.world.patroniActs(this);
    return this.answer('done');
  }

  demote({ epoch, target }: EpochRequest & { readonly target: string }): DoorAnswer | undefined {
    if (!this.etcdUp) return undefined;
    if (this.config.follows && this.config.epoch === epoch && this.config.primary === target) return this.answer('done');
    if (epoch <= this.config.epoch) return this.answer('refused', `knows epoch ${this.config.epoch}`);
    this.follow(target, epoch);
    return this.answer('done');
  }

  follow(primary: string, epoch: number): void {
    this.config = { ...this.config, follows: true, epoch, primary };
    this.world.note(`${this.name} is to follow ${primary} in epoch ${epoch}`);
    this.world.patroniActs(this);
  }

  /** The lease is this region's in a later epoch. */
  adopt(read: OwnRole, epoch: number): void {
    if (!this.etcdUp || this.config !== read || epoch <= this.config.epoch) return;
    this.config = { ...this.config, epoch };
    this.world.note(`${this.name} adopts epoch ${epoch}`);
    this.world.patroniActs(this);
  }

  prepare(): DoorAnswer | undefined {
    if (!this.etcdUp) return undefined;
    if (!this.writable) return this.answer('refused', 'no primary');
    this.append(-1);
    return this.answer('done');
  }
}
