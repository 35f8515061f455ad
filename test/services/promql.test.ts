/** Every expression that is rendered, of every environment and every profile: Prometheus can read it, and somebody serves what it asks for. */
import { ruleGroups } from '../../lib/services/alert-rules';
import { promqlProblem, seriesAskedBy } from '../../lib/services/promql';
import { ENVIRONMENTS } from '../../lib/environments';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment } from '../../lib/topology/types';
import { PROFILES, withProfile } from '../profiles/support';
import { documented, exportedMetrics, notExported, ofTheReferenceBackend } from './exported-metrics';

const exported = exportedMetrics();
const rendered = (environment: Environment) =>
  ruleGroups(environment).flatMap(({ name, rules }) => rules.map(({ alert, expr }) => ({ group: name, alert, expr })));
const cases: readonly (readonly [string, Environment])[] = Object.values(ENVIRONMENTS).flatMap((input) => [
  [input.name, defineEnvironment(input)] as const,
  ...Object.entries(PROFILES).map(([profile, one]) => [`${profile} in ${input.name}`, defineEnvironment(withProfile(input, one))] as const),
]);
const withWorkloads = cases.filter(([, { workloads }]) => workloads.length > 0);

test.each(withWorkloads)('%s: every expression is PromQL, and asks for what somebody serves', (_name, environment) => {
  const rules = rendered(environment);
  expect(rules.length).toBeGreaterThan(5);
  expect(rules.filter(({ expr }) => promqlProblem(expr) !== null)).toEqual([]);
  expect(rules.flatMap(({ alert, expr }) => notExported(expr, exported).map((complaint) => `${alert}: ${complaint}`))).toEqual([]);
});

test.each(withWorkloads)('%s: what adds replicas is served, too', (_name, { workloads }) =>
  expect(workloads.flatMap(({ scaling }) => scaling.queue ?? []).filter(({ metric }) => !exported.has(metric))).toEqual([]),
);

test('certificates and clocks are watched wherever their monitors run', () => {
  const [, environment] = withWorkloads.find(([name]) => name === 'lab-workloads') ?? [];
  if (environment === undefined) throw new Error('no environment lab-workloads');
  expect(ruleGroups(environment).map(({ name }) => name)).toEqual(['backend', 'cache', 'certificates', 'clocks']);
});

describe('what images are asked to count', () => {
  const asked = new Map(
    Object.entries(PROFILES).map(([name, { workloads }]) => {
      const series = workloads.flatMap(({ alerts = [], scaling }) => [
        ...alerts.flatMap(({ expression }) => seriesAskedBy(expression).map(({ metric }) => metric)),
        ...(scaling?.queue ? [scaling.queue.metric] : []),
      ]);
      return [name, [...new Set(series)].sort()];
    }),
  );

  test.each(Object.keys(PROFILES))('%s: the document names what is asked for, and nothing else', (profile) =>
    expect(
      documented()
        .filter((row) => row.profile === profile)
        .map(({ metric }) => metric)
        .sort(),
    ).toEqual(asked.get(profile)),
  );

  test('the reference backend serves what its own profile and the catalogue of the receipts ask for', () =>
    expect(ofTheReferenceBackend()).toEqual(
      expect.arrayContaining([
        ...(asked.get('backend') ?? []),
        'pouw_receipts_received_total',
        'pouw_receipts_rejected_total',
        'http_request_duration_seconds',
      ]),
    ));
});

describe('a planted fault', () => {
  test.each([
    ['sum(rate(x[5m]) > 1', /where it ends/],
    ['sum by pod (x)', /before "pod/],
    ['rate(x[5 minutes])', /character \d+/],
    ['x > ', /where it ends/],
    ['quantil(0.9, x)', /character \d+/],
    ['', /empty/],
  ])('%s is no PromQL, and it is said where', (expression, place) => expect(promqlProblem(expression)).toMatch(place));

  test('in a user’s alert is refused when the rules are rendered: alert, expression, place, and what is allowed', () => {
    const [, environment] = withWorkloads[0] ?? [];
    const [workload] = environment?.workloads ?? [];
    const [alert] = PROFILES['backend']?.workloads[0]?.alerts ?? [];
    if (environment === undefined || workload === undefined || alert === undefined) throw new Error('nothing to plant a fault in');
    const broken = { ...environment, workloads: [{ ...workload, alerts: [{ ...alert, name: 'Broken', expression: 'sum by pod (up)' }] }] };
    expect(() => ruleGroups(broken)).toThrow(/Broken: sum by pod \(up\)\n\s+at character 8.*/);
  });

  test.each([
    ['rate(backend_degradet{job="x"}[5m]) > 0', 'nobody serves backend_degradet'],
    ['max(backend_degraded{job="x",piece="cache"}) > 0', 'backend_degraded has no label piece'],
    ['abs(holdfast_clock_offset) > 1', 'nobody serves holdfast_clock_offset'],
    ['{job="x"} > 1', 'nobody serves a metric without a name'],
  ])('%s: %s', (expression, complaint) => expect(notExported(expression, exported)).toEqual([complaint]));
});
