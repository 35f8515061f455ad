import { CONTROLLERS } from '../../k8s/names';
import { at, containersOf, everyRendering, listAt, nameOf, workloadsOf } from './fixtures';

const POD = 'spec.template.spec';
const everything = everyRendering().flatMap((r) => workloadsOf(r.manifests).map((w) => [`${r.title}: ${w.kind}/${w.metadata.name}`, w] as const));
/** Ours; those of users are Rollouts, whose image says as whom it runs. */
const pods = everything.filter(([, workload]) => workload.kind !== 'Rollout');
const ofUsers = everything.filter(([, workload]) => workload.kind === 'Rollout');

test.each(pods)('%s is confined', (_title, workload) => {
  expect(at(workload, `${POD}.securityContext`)).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 999,
    runAsGroup: 999,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  for (const c of containersOf(workload)) {
    expect(at(c, 'securityContext')).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  }
});

test.each(ofUsers)('%s is confined, has a limit, no priority over the data tier, and no token', (_title, workload) => {
  expect(at(workload, POD)).toMatchObject({
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  });
  expect(at(workload, `${POD}.priorityClassName`)).toBeUndefined();
  for (const c of containersOf(workload)) {
    expect(at(c, 'securityContext')).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    expect(at(c, 'resources.limits.memory')).toMatch(/^\d+Mi$/);
    expect(at(c, 'resources.limits.cpu')).toMatch(/^\d+m$/);
  }
});

test.each(pods)('%s says what it needs: memory as request and limit alike, CPU as both', (_title, workload) => {
  for (const c of containersOf(workload)) {
    expect(at(c, 'resources.requests.memory')).toMatch(/^\d+Mi$/);
    expect(at(c, 'resources.limits.memory')).toBe(at(c, 'resources.requests.memory'));
    expect(at(c, 'resources.requests.cpu')).toMatch(/^\d+m$/);
    expect(at(c, 'resources.limits.cpu')).toMatch(/^\d+m$/);
  }
});

test.each(pods)('%s carries a priority, and no token of the API unless it is the DNS or a controller', (_title, workload) => {
  const { name } = workload.metadata;
  const dns = name === 'coredns';
  const ofTheSystem: Readonly<Record<string, string>> = { coredns: 'system-node-critical', 'metrics-server': 'system-cluster-critical' };
  expect(at(workload, `${POD}.priorityClassName`)).toBe(ofTheSystem[name] ?? 'holdfast-data');
  expect(at(workload, `${POD}.automountServiceAccountToken`)).toBe(
    dns ? undefined : [...CONTROLLERS, 'certificate-renewer', 'certificate-monitor'].includes(name),
  );
  expect(at(workload, `${POD}.enableServiceLinks`)).toBe(false);
});

test.each(pods)('%s: every volume that is mounted exists, and every volume is mounted', (_title, workload) => {
  const volumes = [
    ...listAt(workload, `${POD}.volumes`).map(nameOf),
    ...listAt(workload, 'spec.volumeClaimTemplates').map((v) => String(at(v, 'metadata.name'))),
  ];
  const mounted = containersOf(workload).flatMap((c) => listAt(c, 'volumeMounts').map(nameOf));
  expect(new Set(mounted)).toEqual(new Set(volumes));
});

test.each(pods)('%s: selectors match the labels of its pods', (_title, workload) => {
  expect(at(workload, `spec.template.metadata.labels`)).toMatchObject(at(workload, 'spec.selector.matchLabels') as object);
});
