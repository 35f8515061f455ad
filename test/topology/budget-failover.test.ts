import { labFailover } from '../../lib/environments/lab-failover';
import { production } from '../../lib/environments/production';
import { obstacleTo } from '../../lib/topology/applicable';
import { budgetFor } from '../../lib/topology/budget';
import { acceptedWhenCutOff, automaticFailoverSeconds, clientsMoved, firstWriteSeconds } from '../../lib/topology/budget/failover';
import { defineEnvironment } from '../../lib/topology/define';
import { FAILOVER_SCENARIOS } from '../../lib/topology/scenarios';
import { seconds } from '../../lib/topology/units';

const [lab, prod] = [defineEnvironment(labFailover), defineEnvironment(production)];

test('production: an automatic failover, to the last client that is sent elsewhere by DNS, takes at most 180 s; promised are 300 s', () => {
  expect(automaticFailoverSeconds(prod)).toBeLessThanOrEqual(180);
  expect(clientsMoved(prod).find(({ name }) => name === 'resolvers forget')?.upper).toBe(60);
  expect(prod.objectives['region-lost'].rto).toBe(300);
});

test('the lab: the first write in the other region within 40 s, the last client outside within 75 s', () => {
  expect(firstWriteSeconds(lab)).toBeLessThanOrEqual(40);
  expect(lab.objectives['region-lost'].rto).toBe(75);
});

test.each(['region-lost', 'region-isolated'] as const)(
  '%s: the budget holds health checks, the names’ time to live and a client that connects anew',
  (scenario) => {
    const { stages, upperSeconds } = budgetFor(lab, scenario);
    expect(stages.map(({ name }) => name)).toEqual(expect.arrayContaining(['health checks see it', 'resolvers forget', 'clients connect anew']));
    expect(upperSeconds).toBeCloseTo(automaticFailoverSeconds(lab), 2);
  },
);

test('a region that is cut off loses what it accepts until its lease and the margin have run out: the objective holds it, in both environments', () => {
  expect([acceptedWhenCutOff(lab.failover!), acceptedWhenCutOff(prod.failover!)]).toEqual([5.5, 13]);
  for (const environment of [lab, prod]) {
    expect(environment.objectives['region-isolated'].rpo).toBeGreaterThanOrEqual(acceptedWhenCutOff(environment.failover!));
    expect(budgetFor(environment, 'region-isolated').loss.because).toMatch(/^its own clients may be acknowledged for [\d.]+ s more/);
  }
});

test('an objective that leaves that out is refused, with what it must hold', () => {
  const wrong = () =>
    defineEnvironment({ ...labFailover, objectives: { ...labFailover.objectives, 'region-isolated': { rto: seconds(75), rpo: seconds(0.5) } } });
  expect(wrong).toThrow(/objectives\.region-isolated\.rpo[\s\S]*given[\s\S]*0\.5 s[\s\S]*>= 5\.5 s/);
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
    objectives: { 'region-lost': { rto: seconds(90) }, 'region-isolated': { rto: seconds(90), rpo: seconds(10) } },
    failover: { ...labFailover.failover!, lease },
  });
  expect(budgetFor(longer, 'region-lost').upperSeconds - budgetFor(lab, 'region-lost').upperSeconds).toBeCloseTo(4 * 1.01, 3);
});

test('an environment without failover promises nothing about it', () => {
  const without = defineEnvironment({ ...production, failover: null });
  for (const scenario of FAILOVER_SCENARIOS) expect(obstacleTo(without, scenario)).toBe('no other region takes over by itself');
});
