import { CACHE_DEFAULTS, DNS_DEFAULTS } from '../../lib/topology/defaults';
import { workloadWithDefaults } from '../../lib/topology/defaults-workloads';
import { defineEnvironment } from '../../lib/topology/define';
import { componentsOf, startOrder, type Component } from '../../lib/topology/start-order';
import { environmentWith } from './fixtures';

const environment = defineEnvironment(environmentWith());
const full = {
  ...environment,
  cache: CACHE_DEFAULTS,
  dns: { ...DNS_DEFAULTS, zoneName: 'example.com', zoneId: 'Z1' },
  workloads: [
    workloadWithDefaults({ name: 'anchor', image: 'anchor:1', needs: ['database', 'cache', 'relay'] }),
    workloadWithDefaults({ name: 'api', image: 'api:1', needs: ['database', 'cache'] }),
    workloadWithDefaults({ name: 'relay', image: 'relay:1', needs: ['api'] }),
  ],
};
const ids = (components: readonly Component[]): string[] => startOrder(components).map(({ id }) => id);

test('database before cache before poolers before applications before the entrance (PW-10, P3-4)', () => {
  expect(ids(componentsOf(full as never))).toEqual([
    'machines',
    'cluster-dns',
    'etcd',
    'database-primary',
    'database-standbys',
    'cache',
    'pooler',
    'application-api',
    'application-relay',
    'application-anchor',
    'entrance',
  ]);
});

test('without cache and applications there are none in the order', () => {
  expect(ids(componentsOf(environment))).toEqual(['machines', 'cluster-dns', 'etcd', 'database-primary', 'database-standbys', 'pooler']);
});

test('the order follows from what needs what, not from the order in which it is written', () => {
  const components = componentsOf(full);
  const order = ids(components);
  for (let turn = 1; turn < components.length; turn++) expect(ids([...components.slice(turn), ...components.slice(0, turn)])).toEqual(order);
  expect(ids([...components].reverse())).toEqual(order);
});

test('everything comes after what it needs', () => {
  const order = startOrder(componentsOf(full));
  for (const [i, { needs }] of order.entries()) for (const need of needs) expect(order.findIndex(({ id }) => id === need)).toBeLessThan(i);
});

const component = (id: string, needs: readonly string[]): Component => ({ id, kind: 'application', needs, holds: 'nothing' });
test('a need that does not exist, and a circle, are named', () => {
  expect(() => startOrder([component('a', ['b'])])).toThrow(/"a" needs "b", which is not part/);
  expect(() => startOrder([component('a', ['b']), component('b', ['a'])])).toThrow(/need each other.*a, b/);
});
