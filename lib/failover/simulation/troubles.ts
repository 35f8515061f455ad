/** What goes wrong in a run, and what people do in it. Every trouble ends by itself, before the run does. */
import { abortRun, startRun } from './engine';
import { OUTSIDE, WITNESS } from './network';
import { playTheme, THEMES } from './themes';
import { powerOff, powerOn } from './patroni';
import type { World } from './world';

/** Milliseconds from the beginning. */
export const TIMES = { troubleFrom: 6000, troubleUntil: 60_000, healed: 90_000, secondAct: 100_000, end: 190_000, patience: 300_000, quiet: 25_000 } as const;

const troubles: Readonly<Record<string, (world: World, until: number) => void>> = {
  'region lost': (world, until) => {
    const region = world.random.chance(0.75) ? world.region(world.store.record.holder) : world.random.pick(world.regions);
    powerOff(world, region);
    world.schedule.at(until, () => powerOn(world, region));
  },
  'region isolated': (world, until) => {
    const region = world.random.chance(0.75) ? world.store.record.holder : world.random.pick(world.regions).name;
    for (const other of [...world.regions.map(({ name }) => name), WITNESS, OUTSIDE]) {
      if (other === region) continue;
      world.network.cut(region, other, until);
      world.network.cut(other, region, until);
    }
  },
  // Cut off from those who decide, and from all regions but one.
  'region half isolated': (world, until) => {
    const { holder } = world.store.record;
    const spared = world.regions.at(-1)?.name;
    for (const other of [...world.regions.map(({ name }) => name), WITNESS, OUTSIDE]) {
      if (other === holder || (other === spared && world.regions.length > 2)) continue;
      world.network.cut(holder, other, until);
      world.network.cut(other, holder, until);
    }
  },
  'region frozen': (world, until) => freeze(world, until, world.random.chance(0.75) ? world.store.record.holder : world.random.pick(world.regions).name),
  'short freeze': (world) => freeze(world, world.time + world.random.between(500, 4500), world.store.record.holder),
  'agent frozen': (world, until) => void (world.random.pick(world.regions).agentFrozenUntil = until),
  'agent stands still while it asks': (world, until) => void (world.region(world.store.record.holder).agentFreezesAsking = until - world.time),
  'holder takes no changes': (world, until) => void (world.region(world.store.record.holder).changesRefusedUntil = until),
  'promotes late': (world) => void (world.late = { step: 'promote', for: world.random.between(40_000, 100_000) }),
  'gives up slowly': (world) => void (world.late = { step: 'abort', for: 20_000 }),
  'switches late': (world) => void (world.late = { step: 'switch', for: world.random.between(40_000, 100_000) }),
  'somebody gives up': (world) => {
    const open = world.runs.find((run) => run.end === undefined);
    if (open !== undefined) abortRun(world, open);
  },
  'failover by hand': (world) => ask(world, 'Gus', false, 2),
  'failback by hand': (world) => ask(world, 'Gus', true, 2),
  'etcd of a region down': (world, until) => void (world.random.pick(world.regions).etcdDownUntil = until),
  'lease store down': (world, until) => void (world.store.downUntil = until),
  'holder can’t reach the lease store': (world, until) => world.network.cut(world.store.record.holder, OUTSIDE, until),
  'witness lost': (world, until) => void (world.witnessDownUntil = until),
  'link cut': (world, until) => {
    const [a, b] = pair(world);
    world.network.cut(a, b, until);
    if (world.random.chance(0.7)) world.network.cut(b, a, until);
  },
  'replication stalled': (world, until) => world.regions.forEach((region) => (region.replicationStalledUntil = until)),
  'synchronous standby slow': (world, until) => world.regions.forEach((region) => (region.standbySlowUntil = until)),
  'bad weather': (world) => void (world.network.weather = { loss: world.random.between(0, 0.2), twice: 0.1, slow: 0.1, late: 8000 }),
  'functions die': (world) => void (world.chaos.crash = world.random.between(0.02, 0.15)),
  'functions stand still': (world) => void (world.chaos.freeze = world.random.between(0.02, 0.15)),
  'commits are held': (world) => void (world.pauseChance = 0.5),
  'clock set forward': (world) => void (world.wallStep += 10_000),
  'a switch object silent': (world, until) => void (world.random.pick(world.traffic.objects).silentUntil = until),
  'a switch object corrupt': (world) => void (world.random.pick(world.traffic.objects).value = 'corrupt'),
};
const names = Object.keys(troubles);

const freeze = (world: World, until: number, name: string): void => {
  const region = world.region(name);
  region.frozenUntil = Math.max(region.frozenUntil, until);
  if (world.without('clock-stops-while-frozen')) {
    const began = world.time;
    world.schedule.at(until, () => void (region.clock.stoodStill += until - began));
  }
};

const pair = (world: World): readonly [string, string] => {
  const places = [...world.regions.map(({ name }) => name), WITNESS, OUTSIDE];
  const a = world.random.pick(places);
  return [a, world.random.pick(places.filter((place) => place !== a))];
};

export const scheduleTroubles = (world: World): void => {
  const { random, schedule } = world;
  if (random.chance(0.6)) playTheme(world, random.pick(THEMES), trouble, TIMES.healed);
  for (let i = random.below(random.chance(0.5) ? 5 : 2); i > 0; i--) {
    const name = random.pick(names);
    const at = random.between(TIMES.troubleFrom, TIMES.troubleUntil);
    const until = Math.min(TIMES.healed, at + random.between(1000, 70_000));
    schedule.at(at, () => trouble(world, name, until));
  }
  schedule.at(TIMES.healed, () => heal(world));
};

export const trouble = (world: World, name: string, until: number): void => {
  world.note(`trouble: ${name} until ${until.toFixed(0)}`);
  world.lastTrouble = Math.max(world.lastTrouble, until);
  troubles[name]?.(world, until);
};

const heal = (world: World): void => {
  world.note('everything is healed');
  world.lastTrouble = world.time;
  world.network.clear();
  world.chaos = { crash: 0, freeze: 0 };
  world.pauseChance = 0.01;
  for (const object of world.traffic.objects) object.silentUntil = 0;
};

/** People, at any time: planned changes, failovers by hand, two at once, and somebody who gives up. */
export const scheduleOperators = (world: World): void => {
  const { random, schedule } = world;
  if (random.chance(0.35)) schedule.at(random.between(4000, 50_000), () => ask(world, 'Ada'));
  if (random.chance(0.15)) schedule.at(random.between(4000, 50_000), () => ask(world, 'Bob'));
  if (random.chance(0.15)) {
    schedule.at(random.between(12_000, 60_000), () => {
      const open = world.runs.find((run) => run.end === undefined);
      if (open !== undefined) abortRun(world, open);
    });
  }
  // When all is well again, the writes are handed to another region.
  schedule.at(TIMES.secondAct, () => ask(world, 'Cleo', true));
};

const ask = (world: World, person: string, failback = world.random.chance(0.5), people = world.random.below(4)): void => {
  const { record } = world.store;
  const stale = !failback && world.random.chance(0.1) ? 1 : 0;
  const others = world.regions.filter(({ name }) => name !== record.holder);
  const run = startRun(world, {
    direction: failback ? 'failback' : 'failover',
    target: world.random.pick(others).name,
    fromEpoch: record.epoch - stale,
    renewals: record.renewals,
    person,
    forceLoss: !failback && world.random.chance(0.2) ? { reason: 'clients wait', by: person } : null,
  });
  if (run !== undefined) scheduleApprovals(world, run.request.attempt, record.epoch - stale, people);
};

/** What is put down for an attempt: by two people, by one, by somebody who is not who he says, for another attempt, twice. */
const scheduleApprovals = (world: World, attempt: string, epoch: number, people: number): void => {
  const { random, schedule } = world;
  const put = (change: Partial<World['approvals'][number]>): void =>
    schedule.after(random.between(500, 15_000), () => {
      world.approvals.push({ person: 'Dora', verdict: 'approve', attempt, epoch, at: world.time, verified: true, ...change });
    });
  if (people >= 1) put({});
  if (people >= 2) put({ person: 'Emil' });
  if (random.chance(0.3)) put({ person: 'Emil', verified: false });
  if (random.chance(0.3)) put({ person: 'Emil', attempt: `${attempt}-9` });
  if (random.chance(0.3)) put({ person: 'Emil', epoch: epoch - 1 });
  if (random.chance(0.3)) put({});
  if (random.chance(0.03)) put({ person: 'Fay', verdict: 'reject' });
};
