import { everyRendering, find, homeManifests, environmentNamed, AWS, type KubernetesObject, objectsOf } from './fixtures';
import { SCHEMA_VERSION, schemaProblems } from './schema';

const problems = (object: KubernetesObject): readonly string[] => schemaProblems(object, `${object.apiVersion}/${object.kind}`);
const renderings = everyRendering();

test('the schemas are those of the version that is deployed', () => {
  for (const { region } of renderings) expect(SCHEMA_VERSION).toMatch(new RegExp(`^v${region.cluster.version.replace('.', '\\.')}\\.`));
});

test.each(renderings.map((r) => [r.title, r] as const))('%s: every object is valid, strictly', (_title, rendering) => {
  const found = objectsOf(rendering.manifests).flatMap((object) => problems(object).map((p) => `${object.kind}/${object.metadata.name}: ${p}`));
  expect(found).toEqual([]);
});

test.each(renderings.map((r) => [r.title, r] as const))('%s: no object occurs twice', (_title, rendering) => {
  const names = objectsOf(rendering.manifests).map((o) => `${o.apiVersion} ${o.kind} ${o.metadata.namespace ?? ''} ${o.metadata.name}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe('the gate finds planted faults', () => {
  const manifests = homeManifests(environmentNamed('production'), AWS);
  const faulty = (kind: string, name: string, path: readonly string[], value: unknown): readonly string[] => {
    const copy = structuredClone(find(manifests, kind, name));
    const parent = path.slice(0, -1).reduce<object>((o, key) => Reflect.get(o, key) as object, copy);
    Reflect.set(parent, path.at(-1) ?? '', value);
    return problems(copy);
  };
  const pod = ['spec', 'template', 'spec'];
  const container = [...pod, 'containers', '0'];

  test.each([
    ['an unknown field', 'StatefulSet', 'etcd', [...container, 'livenesProbe'], {}, /livenesProbe/],
    ['a wrong enum', 'StatefulSet', 'etcd', [...container, 'imagePullPolicy'], 'Sometimes', /imagePullPolicy.*allowed values/],
    ['a wrong type', 'StatefulSet', 'pg-euc1', ['spec', 'replicas'], '3', /replicas must be integer/],
    ['a missing required field', 'Service', 'pgbouncer', ['spec', 'ports', '0'], { name: 'postgres' }, /must have required property 'port'/],
    ['a quantity that is no quantity', 'StatefulSet', 'pg-euc1', [...container, 'resources', 'limits', 'memory'], true, /memory must be/],
    ['an unknown field of a custom resource', 'Certificate', 'postgres-server-tls', ['spec', 'renewBfore'], '1h', /renewBfore/],
    ['a wrong enum of a custom resource', 'ExternalSecret', 'pgbouncer-users', ['spec', 'refreshPolicy'], 'Never', /refreshPolicy.*allowed values/],
    ['a field of the cluster-wide kind', 'PriorityClass', 'holdfast-data', ['value'], 'high', /value must be integer/],
  ] as const)('%s', (_what, kind, name, path, value, expected) => {
    expect(faulty(kind, name, path, value).join('\n')).toMatch(expected);
  });

  test('a kind without a schema', () => {
    expect(schemaProblems({}, 'apps/v1beta1/Deployment').join()).toMatch(/no schema for apps\/v1beta1\/Deployment/);
  });
});
