/** Clients write in every region all the time, and remember what was acknowledged. */
import { mayCommit, pauseBound, DRIFT_BOUND } from '../lease-keeper';
import type { SimulatedRegion } from './region';
import type { World } from './world';

export class Client {
  constructor(
    private readonly world: World,
    private readonly region: SimulatedRegion,
  ) {}

  start(): void {
    this.world.schedule.after(this.world.random.between(0, 400), () => this.round());
  }

  private round(): void {
    const { world, region } = this;
    world.schedule.after(world.random.between(250, 550), () => this.round());
    if (!region.frozen && region.writable) this.commit();
  }

  private accepted(): boolean {
    return this.world.without('no-commit-guard') || mayCommit(this.region.deadline, this.region.clock.elapsed() / 1000);
  }

  /** First look, flush, the synchronous standby's word, second look, acknowledgement. */
  private commit(): void {
    const { world, region } = this;
    if (!this.accepted()) return;
    const id = world.nextCommit();
    const { life } = region;
    region.append(id);
    const slow = region.standbySlowUntil > world.time && world.random.chance(0.3);
    if (slow) world.schedule.after(world.random.between(200, 20_000), () => this.confirmed(id, life));
    else this.confirmed(id, life);
  }

  private confirmed(id: number, life: number): void {
    const { world, region } = this;
    if (region.frozen) return world.schedule.at(region.frozenUntil, () => this.confirmed(id, life));
    if (!region.writable || region.life !== life) return;
    if (!world.without('no-second-look') && !this.accepted()) return;
    const drift = DRIFT_BOUND;
    const bound = pauseBound(world.settings.lease, drift) * 1000 * (world.broken === 'longer-pause' ? 3 : 1);
    if (!world.random.chance(world.pauseChance)) return this.acknowledged(id, life, world.time);
    const pause = world.random.between(0.5, 0.999) * bound;
    const looked = world.time;
    world.schedule.after(pause, () => {
      if (!region.frozen) return this.acknowledged(id, life, world.time);
      // A machine that stands still for longer than is assumed did not do so in these microseconds.
      if (region.frozenUntil - looked > bound) return this.acknowledged(id, life, looked);
      world.schedule.at(region.frozenUntil, () => this.acknowledged(id, life, world.time));
    });
  }

  private acknowledged(id: number, life: number, at: number): void {
    const { world, region } = this;
    if (region.writable && region.life === life) world.acknowledged(region, id, at);
  }
}
