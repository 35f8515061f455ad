/** Every guard, taken out: some seed must notice, or the simulation proves nothing about it. */
import { mutationNames } from '../../../lib/failover/simulation/mutations';
import { simulate } from '../../../lib/failover/simulation/simulate';
import { simulateMany } from '../../../lib/failover/simulation/summary';
import { LAB } from './settings';

/** Each guard's absence shows within so many seeds. */
const WITHIN = 1500;
/** Clocks that drift twenty times as much as is assumed harm one run of some 1,800: every guard is still there. */
const BEYOND_WITHIN = 8000;

test('there are at least 15 guards to take out', () => expect(mutationNames.length).toBeGreaterThanOrEqual(15));

test.each(mutationNames)(
  '%s is noticed',
  async (mutation) => {
    const { violations } = await simulateMany(LAB, { firstSeed: 1, seeds: WITHIN, without: [mutation], untilViolation: true });
    const [first] = violations;
    expect(first).toBeDefined();
    // It is the missing guard that is noticed: with it, the same seed is well, and without it, it fails again in the same way.
    expect((await simulate(LAB, first!.seed)).violations).toEqual([]);
    const again = await simulate(LAB, first!.seed, { without: [mutation] });
    expect(again.violations.map(({ rule }) => rule)).toContain(first!.rule);
  },
  300_000,
);

test.each(['longer-pause', 'more-drift'] as const)(
  'beyond what is assumed there is no proof: %s',
  async (broken) => {
    let found = 0;
    for (let seed = 1; seed <= BEYOND_WITHIN && found === 0; seed++) found = (await simulate(LAB, seed, { broken })).violations.length;
    expect(found).toBeGreaterThan(0);
  },
  300_000,
);
