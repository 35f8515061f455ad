import { admission, closeScratch, expectedAnswers, type Kubectl, openScratch } from './admission';
import { at, environmentNamed, everyRendering, find, homeManifests, type KubernetesObject, LAB, objectsOf } from './fixtures';

const OPERATORS = ['cert-manager.io/v1', 'external-secrets.io/v1', 'external-secrets.io/v1alpha1'];

/**
 * Tests against a real API server.
 * @param kubectl how to reach it, asked for once the tests run
 */
export const describeAdmission = (kubectl: () => Kubectl): void => {
  beforeAll(() => openScratch(kubectl()), 120_000);
  afterAll(() => closeScratch(kubectl()), 120_000);

  test('the API server takes every object and every pod of every environment, strictly and without a warning', async () => {
    const answers = [];
    for (const { title, manifests } of everyRendering()) {
      // Custom resources are checked by their schemas (schema.test.ts): their operators don't run on this server.
      const objects = objectsOf(manifests).filter((object) => !OPERATORS.includes(object.apiVersion));
      const { accepted, complaints, unknownKinds } = await admission(kubectl(), objects);
      answers.push({ title, complaints, unknownKinds, unanswered: expectedAnswers(objects) - accepted });
    }
    expect(answers).toEqual(answers.map(({ title }) => ({ title, complaints: [], unknownKinds: [], unanswered: 0 })));
    expect(answers.length).toBe(everyRendering().length);
  }, 300_000);

  const planted = (kind: string, name: string, path: string, value: unknown): KubernetesObject => {
    const copy = structuredClone(find(homeManifests(environmentNamed('lab'), LAB), kind, name));
    const keys = path.split('.');
    Reflect.set(at(copy, keys.slice(0, -1).join('.')) as object, keys.at(-1) ?? '', value);
    return copy;
  };
  const container = 'spec.template.spec.containers.0';

  test.each([
    ['an unknown field', 'StatefulSet', 'etcd', `${container}.livenesProbe`, {}, /livenesProbe/],
    ['a wrong enum', 'StatefulSet', 'etcd', `${container}.imagePullPolicy`, 'Sometimes', /Unsupported value: "Sometimes"/],
    ['a selector that misses its pods', 'Deployment', 'pgbouncer', 'spec.selector.matchLabels', { app: 'other' }, /selector.*does not match/],
    ['a port out of range', 'Service', 'pgbouncer', 'spec.ports.0.port', 70_000, /70000/],
    ['a request beyond its limit', 'StatefulSet', 'etcd', `${container}.resources.requests.memory`, '64Gi', /must be less than or equal to memory limit/],
    ['a mount without a volume', 'Deployment', 'pgbouncer', 'spec.template.spec.volumes', [], /Not found/],
    ['a pod that runs as root', 'StatefulSet', 'etcd', 'spec.template.spec.securityContext', { runAsUser: 0 }, /violates PodSecurity "restricted/],
    [
      'a pod with a capability',
      'StatefulSet',
      'pg-euc1',
      `${container}.securityContext.capabilities`,
      { add: ['NET_ADMIN'] },
      /violates PodSecurity "restricted/,
    ],
  ] as const)('the API server refuses %s', async (_what, kind, name, path, value, expected) => {
    const { complaints } = await admission(kubectl(), [planted(kind, name, path, value)]);
    expect(complaints.join('\n')).toMatch(expected);
  });

  test('a kind that the API server does not have is reported as not checked', async () => {
    const object = { apiVersion: 'example.test/v1', kind: 'Nothing', metadata: { name: 'x' } };
    expect(await admission(kubectl(), [object])).toMatchObject({ accepted: 0, unknownKinds: ['Nothing/x'] });
  });
};
