/** Every profile in every environment: accepted by the rules, and rendered. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { manifestsFor } from '../../k8s';
import { p3 } from '../../lib/profiles/p3';
import { pouw } from '../../lib/profiles/pouw';
import { ENVIRONMENTS } from '../../lib/environments';
import { defineEnvironment, violationsOf } from '../../lib/topology/define';
import { workloadWithDefaults } from '../../lib/topology/defaults-workloads';
import { isLab } from '../../lib/topology/derive';
import { SCENARIOS } from '../../lib/topology/scenarios';
import { workloadsInOrder } from '../../lib/topology/start-order';
import { mebibytes, seconds } from '../../lib/topology/units';
import { AWS, find, at, LAB, objectsOf } from '../k8s/fixtures';
import { chainRpc, image, PROFILES, withProfile } from './support';

const cases = Object.entries(PROFILES).flatMap(([name, profile]) =>
  Object.values(ENVIRONMENTS).map((environment) => [name, environment.name, profile, environment] as const),
);

test('every file of lib/profiles is tried here', () => {
  const files = readdirSync(join(__dirname, '..', '..', 'lib', 'profiles')).map((file) => file.replace('.ts', ''));
  expect(files.filter((file) => file !== 'profile').sort()).toEqual(Object.keys(PROFILES).sort());
});

describe.each(cases)('profile %s in %s', (_name, _environment, profile, environment) => {
  const input = withProfile(environment, profile);

  test('keeps every rule', () => expect(violationsOf(input)).toEqual([]));

  test('is rendered in every region: a release, its Services, an autoscaler, a budget, a policy and an account for each workload', () => {
    const defined = defineEnvironment(input);
    for (const region of defined.regions) {
      const manifests = manifestsFor(defined, region, isLab(defined) ? LAB : AWS);
      for (const { name, scaling } of defined.workloads) {
        expect(at(find(manifests, 'Rollout', name), 'spec.strategy.blueGreen.activeService')).toBe(name);
        expect(at(find(manifests, 'HorizontalPodAutoscaler', name), 'spec.minReplicas')).toBe(scaling.min);
        for (const kind of ['Service', 'PodDisruptionBudget', 'NetworkPolicy', 'ServiceAccount']) find(manifests, kind, name);
      }
      expect(objectsOf(manifests).filter(({ kind }) => kind === 'Rollout')).toHaveLength(defined.workloads.length);
    }
  });
});

test('P3-4: the API server, then the mesh relay, then the anchor worker', () => {
  const [environment] = Object.values(ENVIRONMENTS);
  if (environment === undefined || PROFILES['p3'] === undefined) throw new Error('nothing to try');
  expect(workloadsInOrder(defineEnvironment(withProfile(environment, PROFILES['p3']))).map(({ name }) => name)).toEqual(['p3-api', 'p3-mesh', 'p3-anchor']);
});

test.each(Object.entries(PROFILES))('%s: a new release is asked for what users ask for, below a public path, and not how it is', (_name, { workloads }) => {
  for (const { name, public: open, probes, rollout } of workloads.map(workloadWithDefaults)) {
    // The anchor worker has no users.
    if (open === null) continue;
    const { path } = rollout.analysis;
    const health = ['/health', probes.readiness.path, probes.liveness.path, probes.startup.path];
    expect([name, health.includes(path), open.paths.some((prefix) => path.startsWith(prefix))]).toEqual([name, false, true]);
  }
});

test('PO-3: old challenges and nonces are deleted, old receipts archived', () => {
  expect(PROFILES['pouw']?.retention.map(({ table, olderThan, archiveTo }) => [table, olderThan / 3600, archiveTo])).toEqual([
    ['challenges', 168, null],
    ['used_nonces', 24, null],
    ['receipts', 2160, 'receipts_archive'],
  ]);
});

test.each(Object.entries(PROFILES))('%s names drills that there are, and rows of the catalogue', (_name, { drills, requirements }) => {
  expect(drills.filter((drill) => !SCENARIOS.includes(drill))).toEqual([]);
  expect(requirements.filter((row) => !/^(CS|PW|PO|P3|NR)-\d+$/.test(row))).toEqual([]);
});

test('what a user says differently is taken, field by field', () => {
  const [changed] = pouw({
    image,
    name: 'work',
    resources: { memory: mebibytes(1024) },
    scaling: { max: 20 },
    probes: { readiness: { failures: 2 } },
    drain: { timeout: seconds(31) },
  }).workloads;
  expect(changed).toMatchObject({
    name: 'work',
    image,
    resources: { memory: 1024 },
    scaling: { min: 3, max: 20, queue: { metric: 'pouw_reward_queue_depth' } },
    probes: { readiness: { failures: 2 } },
    drain: { preStop: 5, timeout: 31, grace: 45 },
  });
});

test('P3: one image plays three parts, or each has its own; only two of them reach the chain', () => {
  const workloads = p3({ image, anchorImage: `${image.slice(0, -1)}1`, chainRpc }).workloads;
  expect(workloads.map(({ name, image: used, environment, egress }) => [name, used.slice(-1), environment?.['ROLE'], egress])).toEqual([
    ['p3-api', '0', 'api', [chainRpc]],
    ['p3-mesh', '0', 'mesh', undefined],
    ['p3-anchor', '1', 'anchor', [chainRpc]],
  ]);
});
