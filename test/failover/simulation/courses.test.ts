/** Single courses of events: what must happen, and what must not. */
import { OUTSIDE } from '../../../lib/failover/simulation/network';
import { powerOff } from '../../../lib/failover/simulation/patroni';
import { play } from '../../../lib/failover/simulation/simulate';
import type { World } from '../../../lib/failover/simulation/world';
import { LAB, PRODUCTION } from './settings';

const SEEDS = [1, 2, 3, 4, 5];
const home = LAB.home;
const ENVIRONMENTS = [
  ['lab', LAB],
  ['production', PRODUCTION],
] as const;

/** Nothing of the lost region is needed: it is off, and stays so. */
test.each(ENVIRONMENTS)('%s: the home region is off for good: the other one takes over by itself', async (_, settings) => {
  for (const seed of SEEDS) {
    const world = await play(settings, seed, 150_000, (w) => w.schedule.at(20_000, () => powerOff(w, w.region(home))));
    expect(world.runs.map(({ end }) => end)).toEqual(['settled']);
    expect(world.store.record.holder).toBe('us-east-1');
    expect(world.traffic.active()).toBe('us-east-1');
    expect(world.region('us-east-1').writable).toBe(true);
    expect(world.lastAckAt).toBeGreaterThan(149_000);
    expect(world.violations).toEqual([]);
  }
});

const FIVE_MINUTES = 300_000;
const quiet: readonly (readonly [string, (world: World, until: number) => void])[] = [
  [
    'the link between the regions is cut',
    (w, until) => {
      w.network.cut(home, 'us-east-1', until);
      w.network.cut('us-east-1', home, until);
    },
  ],
  ['the witness is lost', (w, until) => void (w.witnessDownUntil = until)],
  ['the lease store is lost', (w, until) => void (w.store.downUntil = until)],
  ['the home region can’t reach the lease store', (w, until) => w.network.cut(home, OUTSIDE, until)],
  ['the target region is off', (w) => powerOff(w, w.region('us-east-1'))],
];
test.each(quiet)('%s for five minutes: no failover, and nobody who writes notices', async (_, inject) => {
  for (const seed of SEEDS) {
    const world = await play(LAB, seed, FIVE_MINUTES + 40_000, (w) => {
      w.pauseChance = 0;
      w.schedule.at(20_000, () => inject(w, 20_000 + FIVE_MINUTES));
    });
    expect(world.runs).toEqual([]);
    expect(world.store.record.epoch).toBe(1);
    expect(world.longestGap).toBeLessThan(1000);
  }
});

test('a frozen region that wakes commits nothing more', async () => {
  for (const seed of SEEDS) {
    const world = await play(LAB, seed, 120_000, (w) => w.schedule.at(20_000, () => void (w.region(home).frozenUntil = 80_000)));
    expect(world.store.record.holder).toBe('us-east-1');
    expect(world.violations).toEqual([]);
    expect(world.region(home).config.follows).toBe(true);
  }
});
