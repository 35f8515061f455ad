/** The decider in the witness region: the real decision, from what it can see. */
import { decideLoss, type Hearing, type LossLook, type LossMemory } from '../decide-loss';
import type { PublicHealth } from '../failover-ports';
import { startRun } from './engine';
import { OUTSIDE, WITNESS, type Place } from './network';
import type { SimulatedRegion } from './region';
import type { World } from './world';

/** What a probe of a region's entrance sees. */
const entrance = (world: World, from: Place, region: SimulatedRegion): PublicHealth => {
  if (world.network.weather.loss > 0 && world.random.chance(world.network.weather.loss)) return 'unhealthy';
  return region.up && !region.frozen && world.network.reachBothWays(from, region.name) ? 'healthy' : 'unhealthy';
};

/** What the target says, if it can be asked. */
const targetView = (world: World, target: SimulatedRegion, source: SimulatedRegion): { readonly fromTarget: PublicHealth; readonly hearing: Hearing } => {
  const answers = target.up && !target.frozen && world.network.reachBothWays(WITNESS, target.name) && target.etcdUp;
  if (!answers) return { fromTarget: 'unknown', hearing: 'unknown' };
  const hears = source.up && !source.frozen && world.network.reachBothWays(target.name, source.name);
  return { fromTarget: entrance(world, target.name, source), hearing: hears ? 'hears' : 'silent' };
};

export class Watch {
  private memory: LossMemory | undefined;
  /** Since when the region that takes writes is not well, as seen from above. */
  private unwellSince: number | undefined;

  constructor(private readonly world: World) {}

  start(): void {
    this.world.schedule.after(this.world.random.between(0, 1000), () => this.tick());
  }

  private tick(): void {
    const { world } = this;
    const { every, ticks, signals } = world.settings.decision;
    world.schedule.after(every * 1000, () => this.tick());
    if (world.witnessDownUntil > world.time) {
      this.memory = undefined;
      return;
    }
    const holder = world.region(world.store.record.holder);
    const target = world.regions.find((region) => region !== holder && region.up) ?? world.regions.find((region) => region !== holder);
    if (target === undefined) return;
    const look = this.look(holder, target);
    this.watchFromAbove(look);
    const decision = { ...world.settings.decision, signals: world.without('two-signals-of-four') ? 2 : signals, ticks: world.without('one-look') ? 1 : ticks };
    const step = decideLoss({ environment: world.settings.environment, decision }, this.memory, look);
    this.memory = step.memory;
    if (step.decision.kind === 'page-human') world.page(step.decision.id, step.decision.because);
    if (step.decision.kind !== 'start') return;
    this.mustBeLost(look, step.decision.because);
    startRun(world, { ...step.decision, direction: 'failover', person: null, forceLoss: null });
  }

  private look(holder: SimulatedRegion, target: SimulatedRegion): LossLook {
    const { world } = this;
    const answered = world.network.reachBothWays(WITNESS, OUTSIDE) && !(world.network.weather.loss > 0 && world.random.chance(world.network.weather.loss));
    return {
      at: world.witnessClock.elapsed(),
      now: world.witnessClock.now(),
      lease: answered ? world.store.read() : undefined,
      target: target.name,
      fromWitness: entrance(world, WITNESS, holder),
      ...targetView(world, target, holder),
    };
  }

  /** Three of four things fail at once only when the region itself is off, frozen, or cut off from both. */
  private watchFromAbove(look: LossLook): void {
    const said = [look.fromWitness === 'unhealthy', look.hearing === 'silent', look.fromTarget === 'unhealthy'].filter(Boolean).length;
    const isIdle = look.lease != null && look.lease.renewals === this.memory?.renewals;
    const isUnwell = said === 3 || (said === 2 && isIdle);
    this.unwellSince = isUnwell ? (this.unwellSince ?? this.world.time) : undefined;
  }

  private mustBeLost(look: LossLook, because: string): void {
    const { every, ticks } = this.world.settings.decision;
    const unwell = this.unwellSince === undefined ? -1 : this.world.time - this.unwellSince;
    if (unwell < ((ticks - 1) * every - 0.5) * 1000) {
      this.world.violated('needless-failover', `${look.lease?.holder ?? 'the region'} has been unwell for ${Math.max(0, unwell).toFixed(0)} ms: ${because}`);
    }
  }
}
