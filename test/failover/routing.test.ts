import { answer, healthOf, type Answer, type HealthCheck, type Query, type RecordSet, type Routing, type Target } from '../../lib/failover/routing';

const ZONE = 'Z1';
const values = (value: string, ttl = 30): Target => ({ kind: 'values', values: [value], ttl });
const aliasOf = (name: string, evaluateTargetHealth = true): Target => ({ kind: 'record', name, evaluateTargetHealth });
const balancer = (region: string, evaluateTargetHealth = false): Target => ({ kind: 'loadBalancer', id: `${region}/lb`, region, evaluateTargetHealth });

const record = (name: string, routing: Routing, target: Target, healthCheck?: string): RecordSet => ({
  id: `${name} ${routing.kind === 'failover' ? routing.role : routing.kind === 'geolocation' ? routing.continent : ''}`.trim(),
  name,
  type: 'A',
  zoneId: ZONE,
  routing,
  healthCheck,
  target,
});
const simple: Routing = { kind: 'simple' };
const primary: Routing = { kind: 'failover', role: 'PRIMARY' };
const secondary: Routing = { kind: 'failover', role: 'SECONDARY' };
const from = (continent: 'NA' | 'EU' | '*'): Routing => ({ kind: 'geolocation', continent });

const probe = (id: string, inverted = false): HealthCheck => ({
  id,
  inverted,
  kind: 'probe',
  type: 'HTTPS',
  probe: { host: id, port: 443, path: '/', searchString: undefined, interval: 10, failureThreshold: 3, sni: true },
});
const calculated = (id: string, children: readonly string[], threshold: number, inverted = false): HealthCheck => ({
  id,
  inverted,
  kind: 'calculated',
  children,
  threshold,
});

const CHECKS = ['a', 'b', 'c'].map((id) => probe(id));

/** What is answered when the probes of these checks fail. */
const ask = (records: readonly RecordSet[], failing: readonly string[], query: Partial<Query> = {}, checks: readonly HealthCheck[] = CHECKS): Answer => {
  const results = new Map(checks.map(({ id }) => [id, !failing.includes(id)]));
  return answer(records, healthOf(checks, results), { name: 'x.test', type: 'A', continent: null, ...query });
};
const valuesOf = ({ records }: Answer): readonly string[] => records.map((r) => (r.kind === 'value' ? r.value : r.region));

describe('failover', () => {
  const pair = [record('x.test', primary, values('1'), 'a'), record('x.test', secondary, values('2'), 'b')];

  test.each([
    [[], '1', 'the primary, whatever the secondary is'],
    [['b'], '1', 'the primary, whatever the secondary is'],
    [['a'], '2', 'the secondary when only the primary is unhealthy'],
    [['a', 'b'], '1', 'the primary when neither is healthy'],
  ])('with %j failing %s is answered: %s', (failing, expected) => expect(valuesOf(ask(pair, failing))).toEqual([expected]));

  test('a secondary without a check is always healthy', () => {
    expect(valuesOf(ask([pair[0]!, record('x.test', secondary, values('2'))], ['a', 'b']))).toEqual(['2']);
  });

  test('a primary alone is answered even when it is unhealthy', () => {
    expect(valuesOf(ask([pair[0]!], ['a']))).toEqual(['1']);
  });
});

describe('geolocation', () => {
  const places = [record('x.test', from('*'), values('rest'), 'b'), record('x.test', from('NA'), values('america'), 'a')];

  test.each([
    ['NA', [], 'america'],
    ['EU', [], 'rest'],
    [null, [], 'rest'],
    ['NA', ['a'], 'rest'],
    ['NA', ['a', 'b'], 'america'],
    [null, ['b'], 'rest'],
  ] as const)('a client in %s with %j failing is told %s', (continent, failing, expected) => {
    expect(valuesOf(ask(places, failing, { continent }))).toEqual([expected]);
  });

  test('without a default there is no answer for the rest of the world, though the name exists', () => {
    expect(ask([places[1]!], [], { continent: 'EU' })).toMatchObject({ status: 'no-data', records: [] });
    expect(ask([places[1]!], [], { continent: null })).toMatchObject({ status: 'no-data' });
  });
});

describe('aliases', () => {
  const deep = [
    record('x.test', primary, aliasOf('near.test')),
    record('x.test', secondary, values('far')),
    record('near.test', primary, values('1'), 'a'),
    record('near.test', secondary, values('2'), 'b'),
  ];

  test('a branch with one healthy record is healthy', () => expect(valuesOf(ask(deep, ['a']))).toEqual(['2']));
  test('a branch without one is backed out of', () => expect(valuesOf(ask(deep, ['a', 'b']))).toEqual(['far']));

  test('a branch is always healthy when its target is not evaluated', () => {
    const blind = [record('x.test', primary, aliasOf('near.test', false)), ...deep.slice(1)];
    expect(valuesOf(ask(blind, ['a', 'b']))).toEqual(['1']);
  });

  test('an alias with a check needs both: the check, and its target', () => {
    const both = [record('x.test', primary, aliasOf('near.test'), 'c'), ...deep.slice(1)];
    expect(valuesOf(ask(both, ['c']))).toEqual(['far']);
    expect(valuesOf(ask(both, ['a', 'b']))).toEqual(['far']);
    expect(valuesOf(ask(both, []))).toEqual(['1']);
  });

  test('only the records that this client may be given count: a branch can be healthy for one continent alone', () => {
    const regional = [
      record('x.test', primary, aliasOf('geo.test')),
      record('x.test', secondary, values('far')),
      record('geo.test', from('NA'), values('america')),
      record('geo.test', from('*'), values('rest'), 'a'),
    ];
    expect(valuesOf(ask(regional, ['a'], { continent: 'NA' }))).toEqual(['america']);
    expect(valuesOf(ask(regional, ['a'], { continent: 'EU' }))).toEqual(['far']);
  });

  test('a load balancer is asked for its health only by an alias that evaluates it', () => {
    const records = (evaluate: boolean): readonly RecordSet[] => [
      record('x.test', primary, balancer('eu', evaluate)),
      record('x.test', secondary, values('far')),
    ];
    const health = healthOf([], new Map(), new Map([['eu/lb', false]]));
    const query: Query = { name: 'x.test', type: 'A', continent: null };
    expect(valuesOf(answer(records(true), health, query))).toEqual(['far']);
    expect(valuesOf(answer(records(false), health, query))).toEqual(['eu']);
  });

  test('the TTL is that of the last record: 60 s for a load balancer, or what a lab says', () => {
    const records = [record('x.test', simple, aliasOf('y.test')), record('y.test', simple, balancer('eu'))];
    const query: Query = { name: 'x.test', type: 'A', continent: null };
    expect(ask(records, [])).toMatchObject({ ttl: 60, path: ['x.test', 'y.test'] });
    expect(answer(records, healthOf([], new Map()), query, { loadBalancerTtl: 10 }).ttl).toBe(10);
    expect(ask([record('x.test', simple, aliasOf('y.test')), record('y.test', simple, values('1', 7))], []).ttl).toBe(7);
  });

  test('a circle is no answer, and ends', () => {
    expect(ask([record('x.test', simple, aliasOf('y.test')), record('y.test', simple, aliasOf('x.test'))], [])).toMatchObject({
      status: 'no-data',
      records: [],
    });
  });
});

describe('names and types', () => {
  const records = [record('x.test', simple, values('1'))];
  test('are compared without case, and without the dot at the end', () => expect(valuesOf(ask(records, [], { name: 'X.Test.' }))).toEqual(['1']));
  test('of nothing known are NXDOMAIN', () => expect(ask(records, [], { name: 'y.test' }).status).toBe('no-such-name'));
  test('of another type are no data', () => expect(ask(records, [], { type: 'AAAA' }).status).toBe('no-data'));
});

describe('health checks', () => {
  const healthy = (checks: readonly HealthCheck[], id: string, passing: readonly string[]): boolean =>
    healthOf(checks, new Map(CHECKS.map((check) => [check.id, passing.includes(check.id)]))).check(id);

  test.each([
    [2, ['a', 'b'], true],
    [2, ['a'], false],
    [0, [], true],
    [4, ['a', 'b', 'c'], false],
  ])('%i of three with %j passing: healthy %s', (threshold, passing, expected) => {
    const checks = [...CHECKS, calculated('sum', ['a', 'b', 'c'], threshold)];
    expect(healthy(checks, 'sum', passing)).toBe(expected);
    expect(healthy([...CHECKS, calculated('sum', ['a', 'b', 'c'], threshold, true)], 'sum', passing)).toBe(!expected);
  });

  test('an inverted probe is healthy when it fails', () => {
    const health = healthOf([probe('a', true)], new Map([['a', false]]));
    expect(health.check('a')).toBe(true);
  });

  test('of which nothing is known yet count as healthy, inverted ones as unhealthy', () => {
    const health = healthOf([probe('new'), probe('newer', true)], new Map());
    expect([health.check('new'), health.check('newer')]).toEqual([true, false]);
  });

  test('that do not exist are an error that names those that do', () => {
    expect(() => healthOf(CHECKS, new Map()).check('d')).toThrow('there is no health check "d"; there are: a, b, c');
  });
});
