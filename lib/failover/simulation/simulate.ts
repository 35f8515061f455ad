/** One seed: a world, its troubles, and the judgement. The same seed gives the same trace. */
import type { FailoverSettings } from '../settings';
import { Client } from './clients';
import { Keeper } from './keeper';
import type { BrokenAssumption, Mutation } from './mutations';
import { lastJudgement, oversee } from './overseer';
import { listenToPeers, replicate } from './patroni';
import { Random } from './random';
import { Trace } from './trace';
import { scheduleOperators, scheduleTroubles, TIMES } from './troubles';
import { Watch } from './watch';
import { World, type RunEnd, type Violation } from './world';

export interface SimulationOptions {
  readonly without?: readonly Mutation[];
  readonly broken?: BrokenAssumption;
  /** Keeps what happened as lines. */
  readonly keepsTrace?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** The same for every run of the same seed. */
  readonly digest: string;
  readonly events: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly ends: readonly { readonly direction: string; readonly end: RunEnd | undefined }[];
  readonly pages: number;
  readonly trace: readonly string[];
}

/** Times that people need, as short as the run; everything that the proof is about stays what it is. Seconds. */
export const simulated = (settings: FailoverSettings): FailoverSettings => ({
  ...settings,
  cooldown: 60,
  approvalTimeout: 25,
  maxLag: Math.min(settings.maxLag, 10),
});

/** A third region, for every eighth seed. */
const withThird = (settings: FailoverSettings): FailoverSettings => {
  const [first] = settings.regions;
  if (first === undefined) throw new Error('there are no regions');
  return { ...settings, regions: [...settings.regions, { ...first, name: 'third-region-1' }] };
};

export const start = (world: World): void => {
  oversee(world);
  for (const region of world.regions) {
    new Keeper(world, region).start();
    new Client(world, region).start();
    listenToPeers(world, region);
  }
  replicate(world);
  new Watch(world).start();
};

export const simulate = async (settings: FailoverSettings, seed: number, options: SimulationOptions = {}): Promise<SimulationResult> => {
  const random = new Random(seed);
  const trace = new Trace(options.keepsTrace === true);
  const regions = seed % 8 === 7 ? withThird(simulated(settings)) : simulated(settings);
  const world = new World(regions, random, trace, new Set(options.without), options.broken);
  start(world);
  scheduleTroubles(world);
  scheduleOperators(world);
  await world.schedule.run(TIMES.end);
  // A run that began late, and needs all of its patience.
  for (let extra = 0; extra < TIMES.patience && world.runs.some(({ end }) => end === undefined); extra += 10_000) await world.schedule.run(world.time + 10_000);
  lastJudgement(world, TIMES.quiet);
  return resultOf(world, seed);
};

/** A world with a script instead of chance; for questions about one course of events. */
export const play = async (settings: FailoverSettings, seed: number, until: number, script: (world: World) => void): Promise<World> => {
  const world = new World(settings, new Random(seed), new Trace(true), new Set(), undefined);
  start(world);
  script(world);
  await world.schedule.run(until);
  return world;
};

export const resultOf = (world: World, seed: number): SimulationResult => ({
  seed,
  violations: world.violations,
  digest: world.trace.digest,
  events: world.trace.events,
  acknowledged: world.acks.size,
  lost: world.lost.length,
  ends: world.runs.map(({ request, end }) => ({ direction: request.direction, end })),
  pages: world.pages.size,
  trace: world.trace.lines,
});
