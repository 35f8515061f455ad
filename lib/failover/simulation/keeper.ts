/** The agent beside PostgreSQL: the real decisions, with a simulated clock and messages. */
import { afterRenewal, afterVouching, deadlineFrom, keeperTask, type KeeperDecision } from '../lease-keeper';
import type { LeaseAnswer } from '../lease';
import type { OwnRole } from '../region-role';
import type { Vouch } from '../vouch';
import { OUTSIDE } from './network';
import type { SimulatedRegion } from './region';
import type { World } from './world';

/** Seconds. */
const MAX_READING_AGE = 1;
const VOUCH_TIMEOUT = 1000;

export class Keeper {
  constructor(
    private readonly world: World,
    private readonly region: SimulatedRegion,
  ) {}

  start(): void {
    this.world.schedule.after(this.world.random.between(0, 500), () => this.round());
  }

  private boot(): number {
    return this.region.clock.elapsed() / 1000;
  }

  private next(began: number): void {
    const { world, region } = this;
    const pause = region.clock.real(world.settings.lease.renewEvery * 1000) - (world.time - began);
    world.schedule.after(Math.max(50, pause), () => this.round());
  }

  /** Whatever happens to the machine or to the agent delays what it does next. */
  private awake(act: () => void): void {
    const { region, world } = this;
    const until = Math.max(region.frozenUntil, region.agentFrozenUntil);
    if (until > world.time) world.schedule.at(until, () => this.awake(act));
    else act();
  }

  private round(): void {
    this.awake(() => {
      const { world, region } = this;
      const began = world.time;
      if (!region.up) return this.next(began);
      const now = this.boot();
      const reading = region.etcdUp ? { role: region.config, linearizable: true, begunAt: now } : undefined;
      const task = keeperTask(region.name, reading, now, MAX_READING_AGE);
      if (task.kind === 'idle') return this.next(began);
      const { epoch } = task;
      const role = region.config;
      const { life } = region;
      const timeout = region.clock.real(world.settings.lease.requestTimeout * 1000);
      if (region.agentFreezesAsking > 0) {
        region.agentFrozenUntil = world.time + region.agentFreezesAsking;
        region.agentFreezesAsking = 0;
      }
      world.network.ask<LeaseAnswer>(
        region.name,
        OUTSIDE,
        timeout,
        () => world.store.renew({ region: region.name, epoch, now: region.clock.now() }),
        (answer) =>
          this.awake(() => {
            this.act(afterRenewal(region.name, epoch, answer), { began, sentAt: now, epoch, role, life });
          }),
      );
    });
  }

  private act(decision: KeeperDecision, asked: { began: number; sentAt: number; epoch: number; role: OwnRole; life: number }): void {
    const { region } = this;
    switch (decision.kind) {
      case 'extend':
        this.extend(asked.sentAt);
        break;
      case 'adopt':
        region.adopt(asked.role, decision.epoch);
        break;
      case 'ask-peers':
        return this.askPeers(asked.began, asked.epoch);
      case 'create':
      case 'let-pass':
        break;
    }
    this.next(asked.began);
  }

  private extend(sentAt: number): void {
    const { region, world } = this;
    if (!region.up) return;
    const from = world.without('deadline-after-the-answer') ? this.boot() : sentAt;
    const deadline = deadlineFrom(from, world.settings.lease);
    region.deadline = Math.max(region.deadline ?? -Infinity, deadline);
  }

  private askPeers(began: number, epoch: number): void {
    const { world, region } = this;
    const sentAt = this.boot();
    const peers = world.regions.filter((other) => other !== region);
    const asked = world.without('failsafe-asks-only-one') ? peers.slice(-1) : peers;
    const answers: (Vouch | undefined)[] = [];
    for (const peer of asked) {
      world.network.ask<Vouch>(
        region.name,
        peer.name,
        VOUCH_TIMEOUT,
        () => peer.vouch(region.name, epoch),
        (vouch) => {
          answers.push(vouch);
          if (answers.length < asked.length) return;
          const heard = world.without('failsafe-takes-silence-for-yes') ? answers.filter((answer) => answer !== undefined) : answers;
          this.awake(() => {
            const silent = heard.length === 0 && answers.length > 0;
            if (silent || afterVouching(heard).kind === 'extend') this.extend(sentAt);
            this.next(began);
          });
        },
      );
    }
  }
}
