import { goBackTo, isHealthy, releaseBefore, type ReplicaSet, releasesOf, type Rollout } from '../../bin/releases/release';

const rollout = (stable: string, current: string, phase = 'Healthy'): Rollout => ({
  metadata: { name: 'backend', uid: 'u' },
  status: { phase, stableRS: stable, currentPodHash: current },
});
const set = (revision: number, hash: string, owner = 'u'): ReplicaSet => ({
  metadata: {
    name: `backend-${hash}`,
    annotations: { 'rollout.argoproj.io/revision': String(revision) },
    labels: { 'rollouts-pod-template-hash': hash },
    creationTimestamp: '2026-01-01T00:00:00Z',
    ownerReferences: [{ uid: owner }],
  },
  spec: {
    replicas: 3,
    template: { metadata: { labels: { app: 'backend', 'rollouts-pod-template-hash': hash } }, spec: { containers: [{ image: `backend:${hash}` }] } },
  },
  status: { readyReplicas: 3 },
});
const SETS = [set(1, 'a'), set(3, 'c'), set(2, 'b'), set(9, 'x', 'another')];

describe("a workload's releases", () => {
  test('newest first, and only its own', () =>
    expect(releasesOf(rollout('c', 'c'), SETS).map(({ revision, state }) => [revision, state])).toEqual([
      [3, 'served'],
      [2, 'former'],
      [1, 'former'],
    ]));

  test('one under way is not what users get', () =>
    expect(releasesOf(rollout('b', 'c', 'Progressing'), SETS).map(({ state }) => state)).toEqual(['new', 'served', 'former']));

  test('going back means the one before, not the one under way', () => {
    expect(releaseBefore(releasesOf(rollout('c', 'c'), SETS))?.revision).toBe(2);
    expect(releaseBefore(releasesOf(rollout('b', 'c'), SETS))?.revision).toBe(1);
    expect(releaseBefore(releasesOf(rollout('c', 'c'), SETS), 1)?.revision).toBe(1);
    expect(releaseBefore(releasesOf(rollout('c', 'c'), SETS), 7)).toBeUndefined();
    expect(releaseBefore(releasesOf(rollout('a', 'a'), [set(1, 'a')]))).toBeUndefined();
  });

  test("brings that release's pods, without the controller's label", () => {
    const [release] = releasesOf(rollout('c', 'c'), SETS).filter(({ revision }) => revision === 2);
    if (release === undefined) throw new Error('no release');
    expect(goBackTo(release, rollout('c', 'c'), SETS)).toEqual([
      { op: 'replace', path: '/spec/template', value: { metadata: { labels: { app: 'backend' } }, spec: { containers: [{ image: 'backend:b' }] } } },
    ]);
  });

  test('is healthy only when nothing is under way or taken back', () => {
    expect(isHealthy(rollout('c', 'c'))).toBe(true);
    expect(isHealthy(rollout('b', 'c', 'Degraded'))).toBe(false);
    expect(isHealthy({ ...rollout('b', 'c'), status: { phase: 'Healthy', abort: true } })).toBe(false);
  });
});
