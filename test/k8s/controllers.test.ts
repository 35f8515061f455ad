import { PUBLISHED_RULES, PUBLISHED_TYPES, PUBLISHED_VERSION } from '../../k8s/argo-rollouts/published.generated';
import { IN_APPLICATIONS, IN_ITS_OWN } from '../../k8s/argo-rollouts/rights';
import { ROLLOUTS_IMAGE, ROLLOUTS_VERSION } from '../../lib/services/controllers';
import { releaseCheckConfig } from '../../lib/services/release-check';
import { at, AWS, environmentNamed, find, homeManifests, type KubernetesObject, LAB, listAt, nameOf, objectsOf } from './fixtures';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Each single right, as `group/resource verb`. */
const rights = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`))),
  );

const withWorkloads = environmentNamed('lab-workloads');
const manifests = homeManifests(withWorkloads, LAB);
const all = objectsOf(manifests);

describe('what controllers may do', () => {
  test('Argo Rollouts has no right that its publishers do not ask for', () => {
    const published = new Set(rights(JSON.parse(PUBLISHED_RULES) as Rule[]));
    expect(rights([...IN_APPLICATIONS, ...IN_ITS_OWN] as Rule[]).filter((right) => !published.has(right))).toEqual([]);
  });

  test("Argo Rollouts reads no Secret of the applications, and of its own namespace's only the one by its name", () => {
    expect(rights(IN_APPLICATIONS as Rule[]).filter((right) => right.includes('secrets'))).toEqual([]);
    expect(IN_ITS_OWN.filter(({ resources }) => resources?.includes('secrets')).map(({ resourceNames }) => resourceNames)).toEqual([
      ['argo-rollouts-notification-secret'],
    ]);
  });

  test('the memory keeper can evict, and can delete nothing', () => {
    const own = all.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'memory-keeper').flatMap((role) => listAt(role, 'rules') as Rule[]);
    expect(rights(own)).toContain('/pods/eviction create');
    expect(rights(own).filter((right) => / (delete|deletecollection|update|\*)$/.test(right))).toEqual([]);
  });

  test('only metrics-server and the adapter reach beyond a namespace, and none of them with a wildcard or a write to all', () => {
    const bindings = all.filter(({ kind }) => kind === 'ClusterRoleBinding');
    const subjects = new Set(bindings.flatMap((binding) => listAt(binding, 'subjects').map(nameOf)));
    expect([...subjects].sort()).toEqual(['coredns', 'metrics-adapter', 'metrics-server']);
    const rules = all.filter(({ kind }) => kind === 'ClusterRole').flatMap((role) => listAt(role, 'rules') as Rule[]);
    expect(rules.filter(({ verbs, resourceNames }) => verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)) && resourceNames === undefined)).toEqual(
      [],
    );
    expect(JSON.stringify(rules)).not.toContain('"*"');
  });
});

describe("Argo Rollouts' types", () => {
  const types = PUBLISHED_TYPES.map((text) => JSON.parse(text) as KubernetesObject);

  test('are those of the version that runs', () => {
    expect(PUBLISHED_VERSION).toBe(ROLLOUTS_VERSION);
    expect(
      at(
        find(homeManifests(withWorkloads, { ...AWS, images: { ...AWS.images, rollouts: ROLLOUTS_IMAGE } }), 'Deployment', 'argo-rollouts'),
        'spec.template.spec.containers.0.image',
      ),
    ).toContain(`:v${PUBLISHED_VERSION}`);
  });

  test('are applied before what they describe', () => {
    const index = (kind: string): number => all.findIndex((object) => object.kind === kind);
    expect(types.map(({ metadata }) => metadata.name).sort()).toEqual([
      'analysisruns.argoproj.io',
      'analysistemplates.argoproj.io',
      'experiments.argoproj.io',
      'rollouts.argoproj.io',
    ]);
    expect(index('CustomResourceDefinition')).toBeGreaterThan(-1);
    expect(index('CustomResourceDefinition')).toBeLessThan(Math.min(index('Rollout'), index('AnalysisTemplate')));
  });

  test('have a field named description, where the type has one', () => {
    // The text of a description is dropped; a property of that name is not.
    expect(JSON.stringify(types).includes('"description":"')).toBe(false);
  });
});

describe('the check of a release', () => {
  const [workload] = withWorkloads.workloads;
  if (workload === undefined) throw new Error('the environment has no workload');
  const template = find(manifests, 'AnalysisTemplate', `${workload.name}-release`);
  const job = 'spec.metrics.0.provider.job.spec';

  test('is a job without a token, confined, that is given one chance', () => {
    const pod = at(template, `${job}.template.spec`);
    expect(pod).toMatchObject({ automountServiceAccountToken: false, restartPolicy: 'Never', securityContext: { runAsNonRoot: true } });
    expect(at(pod, 'containers.0.securityContext')).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    expect(at(template, `${job}.backoffLimit`)).toBe(0);
    expect(at(template, 'spec.metrics.0.failureLimit')).toBe(0);
    expect(at(pod, 'containers.0.resources.limits.memory')).toMatch(/^\d+Mi$/);
  });

  test('asks the Service of the new release, and its policy lets it', () => {
    const config = releaseCheckConfig(workload, 'applications');
    const previewService: unknown = at(find(manifests, 'Rollout', workload.name), 'spec.strategy.blueGreen.previewService');
    expect(config.host.split('.')[0]).toBe(previewService);
    const policy = find(manifests, 'NetworkPolicy', `${workload.name}-release`);
    expect(at(template, `${job}.template.metadata.labels`)).toMatchObject(at(policy, 'spec.podSelector.matchLabels') as object);
    expect(at(policy, 'spec.egress.0.ports.0.port')).toBe(config.port);
    expect(listAt(policy, 'spec.ingress')).toEqual([]);
  });

  test('is given longer than it takes', () =>
    expect(Number(at(template, `${job}.activeDeadlineSeconds`))).toBeGreaterThan(workload.rollout.analysis.duration + 30));
});

test('two of each controller, never both away by intent', () => {
  for (const name of ['argo-rollouts', 'metrics-server', 'metrics-adapter', 'memory-keeper']) {
    expect(at(find(manifests, 'Deployment', name), 'spec.replicas')).toBe(2);
    expect(at(find(manifests, 'PodDisruptionBudget', name), 'spec.maxUnavailable')).toBe(1);
  }
});

test('an environment without workloads has none of them', () =>
  expect(
    objectsOf(homeManifests(environmentNamed('lab'), LAB)).filter(({ metadata }) => /rollouts|metrics-|memory-keeper|holdfast-system/.test(metadata.name)),
  ).toEqual([]));
