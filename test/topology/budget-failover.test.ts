import { labFailover } from '../../lib/environments/lab-failover';
import { production } from '../../lib/environments/production';
import { obstacleTo } from '../../lib/topology/applicable';
import { budgetFor } from '../../lib/topology/budget';
import { automaticFailoverSeconds, clientsMoved } from '../../lib/topology/budget/failover';
import { defineEnvironment } from '../../lib/topology/define';
import { FAILOVER_SCENARIOS } from '../../lib/topology/scenarios';
import { seconds } from '../../lib/topology/units';

const [lab, prod] = [defineEnvironment(labFailover), defineEnvironment(production)];

test('production: an automatic failover, to the last client that is sent elsewhere by DNS, takes at most 180 s; promised are 300 s', () => {
  expect(automaticFailoverSeconds(prod)).toBeLessThanOrEqual(180);
  expect(clientsMoved(prod).find(({ name }) => name === 'resolvers forget')?.upper).toBe(60);
  expect(prod.objectives['region-lost'].rto).toBe(300);
});

test('the lab: the first write in the other region within 40 s', () => {
  expect(budgetFor(lab, 'region-lost').upperSeconds).toBeLessThanOrEqual(40);
  expect(lab.objectives['region-lost'].rto).toBe(40);
});

test.each(FAILOVER_SCENARIOS)('%s: its budget is within its objective, in both environments', (scenario) => {
  for (const environment of [lab, prod]) {
    const { upperSeconds, lowerSeconds, objective } = budgetFor(environment, scenario);
    expect(lowerSeconds).toBeLessThanOrEqual(upperSeconds);
    expect(upperSeconds).toBeLessThanOrEqual(objective.rto);
  }
});

test('a longer lease makes the budget longer, by as much', () => {
  const lease = { ...labFailover.failover!.lease, duration: seconds(8) };
  const longer = defineEnvironment({
    ...labFailover,
    objectives: { 'region-lost': { rto: seconds(60) }, 'region-isolated': { rto: seconds(60) } },
    failover: { ...labFailover.failover!, lease },
  });
  expect(budgetFor(longer, 'region-lost').upperSeconds - budgetFor(lab, 'region-lost').upperSeconds).toBeCloseTo(4 * 1.01, 3);
});

test('an environment without failover promises nothing about it', () => {
  const without = defineEnvironment({ ...production, failover: null });
  for (const scenario of FAILOVER_SCENARIOS) expect(obstacleTo(without, scenario)).toBe('no other region takes over by itself');
});
