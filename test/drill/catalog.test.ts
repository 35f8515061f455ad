import { drillsFor, drillsLeftOut, excludedClients, findDrill, stepsDrillsFor, type StepsDrill } from '../../lib/drill/catalog';
import { describeStep, longestFault } from '../../lib/drill/faults';
import { ENVIRONMENTS } from '../../lib/environments';
import { NODE_FREEZE_SECONDS } from '../../lib/topology/budget';
import { defineEnvironment } from '../../lib/topology/define';
import { SCENARIOS } from '../../lib/topology/scenarios';
import { seconds } from '../../lib/topology/units';

const environments = Object.values(ENVIRONMENTS).map((input) => defineEnvironment(input));
const found = environments.find((e) => e.name === 'lab');
if (!found) throw new Error('there is no lab');
const lab = found;

const stepsDrill = (environment: typeof lab, name: string): StepsDrill => {
  const drill = findDrill(environment, name);
  if (drill.kind !== 'steps') throw new Error(`${name} has no steps`);
  return drill;
};

describe.each(environments.map((e) => [e.name, e] as const))('the drills of %s', (_, environment) => {
  const drills = drillsFor(environment);

  test('are all scenarios, in their order, or left out with a reason', () => {
    const names = [...drills.map((d) => d.name), ...drillsLeftOut(environment).map((d) => d.name)];
    expect(new Set(names)).toEqual(new Set(SCENARIOS));
    expect(names).toHaveLength(SCENARIOS.length);
  });

  test.each(stepsDrillsFor(environment).map((d) => [d.name, d] as const))('%s injects, heals last, and heals itself later than the drill does', (__, drill) => {
    const kinds = drill.steps.map((s) => s.kind);
    expect(kinds).toContain('inject');
    expect(kinds[kinds.length - 1]).toBe('heal');
    expect(drill.longestFaultSeconds).toBeGreaterThan(longestFault(drill.steps));
    expect(drill.leaderChanges.min).toBeLessThanOrEqual(drill.leaderChanges.max);
  });

  test.each(drills.map((d) => [d.name, d] as const))('%s proves rows of the catalogue against its objective', (__, drill) => {
    expect(drill.requirements.length).toBeGreaterThan(0);
    for (const row of drill.requirements) expect(row).toMatch(/^(CS|PW|PO|P3|NR)-\d+$/);
    expect(drill.objective).toBe(environment.objectives[drill.name]);
    if (drill.kind === 'procedure') expect(drill.procedure.length).toBeGreaterThan(0);
  });
});

test('only planned work is judged by what clients that retry once see', () => {
  expect(
    stepsDrillsFor(lab)
      .filter((d) => d.planned)
      .map((d) => d.name),
  ).toEqual(['switchover', 'node-drained']);
});

test('a failover is waited for longer than the lease', () => {
  const ttl = lab.regions[0]?.postgres.patroni.ttl ?? 0;
  for (const { steps } of stepsDrillsFor(lab)) {
    for (const step of steps) if (step.kind === 'hold' && step.until.for === 'failover') expect(step.until.atMostSeconds).toBeGreaterThan(ttl * 1.5);
  }
});

test('a frozen node wakes up as leader, unless the lease is shorter', () => {
  expect(stepsDrill(lab, 'primary-node-frozen').leaderChanges).toEqual({ min: 0, max: 0 });
  const region = lab.regions[0];
  if (!region) throw new Error('the lab has no region');
  const short = {
    ...lab,
    regions: [{ ...region, postgres: { ...region.postgres, patroni: { ...region.postgres.patroni, ttl: seconds(NODE_FREEZE_SECONDS) } } }],
  };
  expect(stepsDrill(short, 'primary-node-frozen').leaderChanges).toEqual({ min: 0, max: 1 });
});

test('an unknown drill is refused, naming those that exist', () => {
  expect(() => findDrill(lab, 'primary-dies')).toThrow(/unknown drill "primary-dies"; the drills are: primary-node-dies, /);
});

test('a drill without a standby is refused with the reason', () => {
  const region = lab.regions[0];
  if (!region) throw new Error('the lab has no region');
  const single = { ...lab, regions: [{ ...region, zones: ['eu-central-1a'] }] };
  expect(drillsFor(single)).toEqual([]);
  expect(() => findDrill(single, 'switchover')).toThrow(/can't be run in environment "lab": there is no standby to fail over to/);
});

describe('clients that have no say', () => {
  const clients = [
    { client: 'a', node: 'zone-a-0', zone: 'a' },
    { client: 'a2', node: 'zone-a-1', zone: 'a' },
    { client: 'b', node: 'zone-b-0', zone: 'b' },
  ];
  const primary = { node: 'zone-a-0', zone: 'a' };

  test.each([
    ['primary-node-dies', ['a']],
    ['az-lost', ['a', 'a2']],
    ['postgres-killed', []],
    ['node-drained', []],
  ])('in %s are %j', (name, expected) => {
    const excluded = excludedClients(stepsDrill(lab, name), primary, clients);
    expect(excluded.map((e) => e.client)).toEqual(expected);
    for (const { because } of excluded) expect(because).toMatch(/the fault strikes$/);
  });
});

test('every step reads as a sentence', () => {
  const sentences = stepsDrillsFor(lab).flatMap((d) => d.steps.map(describeStep));
  for (const sentence of sentences) expect(sentence).not.toMatch(/undefined|\[object/);
  expect(sentences).toContain("kill every process on the primary's node, its link cut first");
});
