/** One simulated region: its etcd, its Patroni, one PostgreSQL member, and its door. */
import type { DoorAnswer, DoorStatus } from '../failover-ports';
import { MARK_BYTES } from '../carry-out';
import type { MemberSight, RegionSight } from '../region-observation';
import type { StandbyCluster } from '../../topology/regions';
import { carryOutOrder, type OrderContext, type RegionOrder } from '../region-orders';
import { followPatch, merged, roleOf, type OwnRole, type Promised } from '../region-role';
import { mayVouch, type Vouch } from '../vouch';
import type { LocalClock } from './schedule';
import type { World } from './world';

type Plain = Readonly<Record<string, unknown>>;

const streamFrom = (region: string): StandbyCluster => ({ host: region, port: 5433, primary_slot_name: region, create_replica_methods: [] });

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
  /** What etcd holds, and what that says. */
  private plain: Plain;
  config: OwnRole;
  get promised(): Promised | null {
    return this.config.promised ?? null;
  }
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
  private said: { readonly role: OwnRole; readonly status: DoorStatus } | undefined;
  /** What a door that is careless about it believes; see the mutation. */
  private stale: { readonly role: OwnRole; readonly promised: Promised | null; readonly at: number } | undefined;

  constructor(
    private readonly world: World,
    readonly name: string,
    readonly clock: LocalClock,
    home: string,
  ) {
    this.plain = { holdfast: { epoch: 1, primary: home }, ...(name === home ? {} : { standby_cluster: streamFrom(home) }) };
    this.config = roleOf(this.plain);
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
    const serving = this.writable && !this.config.follows;
    const { said } = this;
    // Asked every second by everybody, and mostly the same: the same object says it again.
    if (said?.role === this.config && said.status.serving === serving && said.status.streaming === streaming && said.status.vouchedAt === this.vouchedAt)
      return said.status;
    const status = { ...this.config, region: this.name, serving, promised: this.promised, streaming, vouchedAt: this.vouchedAt };
    this.said = { role: this.config, status };
    return status;
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

  /** The real order, on the configuration that etcd holds. @returns undefined: etcd does not answer */
  order(order: RegionOrder): DoorAnswer | undefined {
    if (!this.etcdUp) return undefined;
    const decision = carryOutOrder(this.context(order), order);
    if (decision.kind === 'refused') return { kind: 'refused', because: decision.because, role: this.config };
    if (decision.kind === 'write') this.write(merged(this.plain, decision.patch), 'execution' in order ? order.execution : '');
    return { kind: 'done', role: this.config };
  }

  private context(order: RegionOrder): OrderContext {
    const own =
      this.world.without('promote-in-any-epoch') && order.kind === 'promote' ? { ...this.config, epoch: order.epoch - 1, promised: order } : this.config;
    const standbyCluster = (name: string): StandbyCluster | undefined => (name === this.name ? undefined : streamFrom(name));
    return { self: this.name, own, now: this.clock.now(), primaryStartTimeout: 0, standbyCluster };
  }

  private write(plain: Plain, execution: string): void {
    const before = this.config;
    this.plain = plain;
    this.config = roleOf(plain);
    const { epoch, follows, primary } = this.config;
    if (epoch < before.epoch) this.world.violated('epoch-went-back', `${this.name} knew epoch ${before.epoch}, and is told ${epoch}`);
    if (before.follows && !follows) this.world.promoted(this, epoch, execution);
    if (follows && (!before.follows || before.primary !== primary)) this.world.note(`${this.name} is to follow ${primary ?? 'nobody'} in epoch ${epoch}`);
    if (epoch !== before.epoch || follows !== before.follows || primary !== before.primary) this.world.patroniActs(this);
  }

  /** By itself, because it has heard of a later epoch. */
  follow(primary: string, epoch: number): void {
    this.write(merged(this.plain, followPatch({ epoch, primary, standbyCluster: streamFrom(primary) })), '');
  }

  /** The lease is this region's in a later epoch. */
  adopt(read: OwnRole, epoch: number): void {
    if (!this.etcdUp || this.config !== read || epoch <= this.config.epoch) return;
    this.world.note(`${this.name} adopts epoch ${epoch}`);
    this.write(merged(this.plain, { holdfast: { epoch } }), '');
  }

  prepare(wish: string): DoorAnswer | undefined {
    const answer = this.order({ kind: 'prepare', wish });
    if (answer?.kind === 'done' && this.writable) this.append(-1);
    return answer;
  }
}
