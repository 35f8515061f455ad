/** Chance: many seeds without a violation. A longer run is `holdfast simulate`; see docs/one-writer.md. */
import { simulate } from '../../../lib/failover/simulation/simulate';
import { simulateMany } from '../../../lib/failover/simulation/summary';
import { LAB, PRODUCTION } from './settings';

const SEEDS = { lab: 8500, production: 1500 } as const;
const MINUTES = 60_000;

test(
  `${SEEDS.lab} seeds with the lab's timings: never two regions that take writes, nothing lost but by a crash, every run ends or calls somebody`,
  async () => {
    const { violations, ends, acknowledged, lostByCrash } = await simulateMany(LAB, { firstSeed: 1, seeds: SEEDS.lab });
    expect(violations).toEqual([]);
    // A simulation in which nothing happens would be without violations, too.
    expect(Object.keys(ends)).toEqual(expect.arrayContaining(['refused', 'carried-out'].flatMap((end) => [`failover ${end}`, `failback ${end}`])));
    expect(ends['failover settled']).toBeGreaterThan(SEEDS.lab / 10);
    expect(ends['failback settled']).toBeGreaterThan(SEEDS.lab / 10);
    expect(ends['failover undone']).toBeGreaterThan(50);
    expect(ends['failback undone']).toBeGreaterThan(50);
    expect(acknowledged).toBeGreaterThan(100 * SEEDS.lab);
    expect(lostByCrash).toBeGreaterThan(0);
  },
  10 * MINUTES,
);

test(
  `${SEEDS.production} seeds with production's timings`,
  async () => {
    const { violations, ends } = await simulateMany(PRODUCTION, { firstSeed: 1_000_000, seeds: SEEDS.production });
    expect(violations).toEqual([]);
    expect(ends['failover settled']).toBeGreaterThan(SEEDS.production / 20);
  },
  10 * MINUTES,
);

test.each([
  [114511, 'two people start failovers to two different regions from one epoch: the one who comes too late must not promote his'],
  [105845, 'a function that was to take the lease stands still, and goes on after its run was given up'],
  [107460, 'a run is given up a second time, after another one has taken the lease'],
  [10, 'two people start the same failover: the later one is told that it is carried out, and nobody is called'],
])('seed %i, which found a fault once: %s', async (seed) => {
  expect((await simulate(LAB, seed)).violations).toEqual([]);
});

test('a seed replays exactly, and another one is another run', async () => {
  const [first, again, other] = [await simulate(LAB, 4711, { keepsTrace: true }), await simulate(LAB, 4711), await simulate(LAB, 4712)];
  expect(again.digest).toBe(first.digest);
  expect(again.events).toBe(first.events);
  expect(other.digest).not.toBe(first.digest);
  expect(first.trace).toHaveLength(first.events);
});
