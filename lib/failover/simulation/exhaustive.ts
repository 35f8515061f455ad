/**
 * Not by chance: every combination within a scope. One failover and one failback, and up to two faults, each at any boundary: just before any step's first question, in a
 * world without any other chance. What differs from the run without faults is that, and nothing else.
 */
import type { FailoverSettings } from '../settings';
import { abortRun, startRun } from './engine';
import { OUTSIDE, WITNESS } from './network';
import { lastJudgement } from './overseer';
import { powerOff, powerOn } from './patroni';
import { Random } from './random';
import { resultOf, simulated, start, type SimulationResult } from './simulate';
import { Trace } from './trace';
import { World, type CallFate } from './world';

/** Always the middle: nothing unlikely happens, and everything takes as long as usual. */
class NoChance extends Random {
  override next(): number {
    return 0.5;
  }
}

/** Milliseconds. */
const TIMES = { isolated: 5000, reconnected: 45_000, failback: 60_000, healed: 95_000, end: 150_000, quiet: 30_000 } as const;
const LASTS = 8000;

type Fault = CallFate | ((world: World) => void);
const FAULTS: Readonly<Record<string, Fault>> = {
  'dies before asking': { kind: 'dies-before' },
  'dies after the answer': { kind: 'dies-after' },
  'question lost': { kind: 'no-question' },
  'answer lost': { kind: 'no-answer' },
  'stands still for 40 s': { kind: 'stands-still', for: 40_000 },
  'lease store down': (world) => void (world.store.downUntil = world.time + LASTS),
  'old region reconnected': (world) => reconnect(world),
  'target off': (world) => {
    const region = world.region(world.store.record.phase === 'moving' ? world.store.record.holder : (other(world)?.name ?? ''));
    powerOff(world, region);
    world.schedule.after(LASTS, () => powerOn(world, region));
  },
  'given up': (world) => {
    const open = world.runs.find((run) => run.end === undefined);
    if (open !== undefined) abortRun(world, open);
  },
};
export const FAULT_NAMES = Object.keys(FAULTS);

const other = (world: World): World['regions'][number] | undefined => world.regions.find(({ name }) => name !== world.store.record.holder);

const isolate = (world: World, name: string, until: number): void => {
  world.lastTrouble = until;
  for (const place of [...world.regions.map((region) => region.name), WITNESS, OUTSIDE]) {
    if (place === name) continue;
    world.network.cut(name, place, until);
    world.network.cut(place, name, until);
  }
};

const reconnect = (world: World): void => {
  world.network.clear();
  world.lastTrouble = world.time;
};

export interface PlannedFault {
  /** Which step's beginning, counted from the first one of the run. */
  readonly boundary: number;
  readonly fault: string;
}

export interface Explored {
  readonly result: SimulationResult;
  /** How many boundaries the run had. */
  readonly boundaries: number;
}

/** @param states where each state that the run comes through is put */
export const explore = async (settings: FailoverSettings, plan: readonly PlannedFault[], states: Set<string>, keepsTrace = false): Promise<Explored> => {
  const world = new World(simulated(settings), new NoChance(1), new Trace(keepsTrace), new Set(), undefined);
  let boundaries = 0;
  world.onCall = (_, step, isFirst) => {
    states.add(fingerprint(world, step));
    if (!isFirst) return undefined;
    const boundary = boundaries++;
    let fate: CallFate | undefined;
    for (const { fault } of plan.filter((planned) => planned.boundary === boundary)) {
      const what = FAULTS[fault];
      world.note(`fault: ${fault}, at ${step}`);
      if (typeof what === 'function') what(world);
      else fate = what;
    }
    return fate;
  };
  start(world);
  world.schedule.at(TIMES.isolated, () => isolate(world, world.settings.home, TIMES.reconnected));
  world.schedule.at(TIMES.failback, () => handBack(world));
  world.schedule.at(TIMES.healed, () => reconnect(world));
  await world.schedule.run(TIMES.end);
  lastJudgement(world, TIMES.quiet);
  return { result: resultOf(world, 0), boundaries };
};

const handBack = (world: World): void => {
  const { record } = world.store;
  const target = other(world);
  if (target === undefined) return;
  const run = startRun(world, {
    direction: 'failback',
    target: target.name,
    fromEpoch: record.epoch,
    renewals: record.renewals,
    person: 'Ada',
    forceLoss: null,
  });
  const attempt = run?.request.attempt ?? '';
  const approval = { verdict: 'approve', attempt, epoch: record.epoch, at: world.time, verified: true } as const;
  world.approvals.push({ ...approval, person: 'Dora' }, { ...approval, person: 'Emil' });
};

/** What decides what may happen next, without times. */
const fingerprint = (world: World, step: string): string => {
  const { record } = world.store;
  const regions = world.regions.map((region) => {
    const { config, promised, postgres, up } = region;
    const good = (region.deadline ?? 0) > region.clock.elapsed() / 1000;
    return `${up ? 'up' : 'off'} ${config.follows ? 'follows' : 'primary'} ${config.epoch} ${promised?.epoch ?? '-'} ${postgres} ${region.epoch} ${good ? 'may' : 'may not'}`;
  });
  const links = world.network.reaches(world.settings.home, OUTSIDE) ? 'linked' : 'cut';
  const runs = world.runs.map(({ end }) => end ?? 'open').join(' ');
  const objects = world.traffic.objects.map(({ value }) => (value === 'corrupt' ? value : value.epoch)).join('');
  return [step, record.epoch, record.holder, record.phase, record.step ?? '-', ...regions, links, world.store.downUntil > world.time, runs, objects].join('|');
};

/** Every plan of up to two faults, each at any boundary of the run without faults; an earlier one comes first. */
export const plansUpTo = (faults: 1 | 2, boundaries: number, names: readonly string[] = FAULT_NAMES): readonly (readonly PlannedFault[])[] => {
  const single = Array.from({ length: boundaries }, (_, boundary) => names.map((fault) => ({ boundary, fault }))).flat();
  const pairs = single.flatMap((first) => single.filter((second) => second.boundary > first.boundary).map((second) => [first, second]));
  return [[], ...single.map((one) => [one]), ...(faults === 2 ? pairs : [])];
};

export interface Exploration {
  readonly boundaries: number;
  readonly runs: number;
  readonly states: number;
  readonly violations: readonly { readonly plan: readonly PlannedFault[]; readonly rules: readonly string[] }[];
}

/** The whole scope. @param names the faults of pairs; single faults are tried all */
export const exploreAll = async (settings: FailoverSettings, faults: 1 | 2, names: readonly string[] = FAULT_NAMES): Promise<Exploration> => {
  const states = new Set<string>();
  const { boundaries } = await explore(settings, [], states);
  const pairs = faults === 2 ? plansUpTo(2, boundaries, names).filter((plan) => plan.length === 2) : [];
  const plans = [...plansUpTo(1, boundaries), ...pairs];
  const violations = [];
  for (const plan of plans) {
    const { result } = await explore(settings, plan, states);
    if (result.violations.length > 0) violations.push({ plan, rules: result.violations.map(({ rule }) => rule) });
  }
  return { boundaries, runs: plans.length, states: states.size, violations };
};
