/** Every combination within a scope: one failover, one failback, and up to two faults at any step's beginning. */
import { explore, exploreAll, FAULT_NAMES } from '../../../lib/failover/simulation/exhaustive';
import { LAB } from './settings';

/** Those whose pairs every run of the tests goes through; all of them: `holdfast simulate --explore`. */
const IN_PAIRS = ['dies after the answer', 'stands still for 40 s', 'given up', 'old region reconnected'];

test('every single fault, and pairs of those that are worst, at every boundary', async () => {
  const { result } = await explore(LAB, [], new Set());
  expect(result.ends).toEqual([
    { direction: 'failover', end: 'settled' },
    { direction: 'failback', end: 'settled' },
  ]);
  const { boundaries, runs, states, violations } = await exploreAll(LAB, 2, IN_PAIRS);
  expect(violations).toEqual([]);
  // The steps of both workflows, each with its own beginning.
  expect(boundaries).toBe(21);
  expect(runs).toBe(1 + boundaries * FAULT_NAMES.length + ((boundaries * (boundaries - 1)) / 2) * IN_PAIRS.length ** 2);
  expect(states).toBeGreaterThanOrEqual(400);
}, 600_000);
