import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesApi } from '../../../lab/kubernetes/api';
import type { LabSettings } from '../../../lab/settings';
import { deployRelease, isTakenBack, isWhole, putReleaseBack, variableOf, type Rollout } from '../../../lab/workload-tier/rollout';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-rollout-'));
const lab = { directory } as LabSettings;
const mark = join(directory, 'release-before.json');
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => rmSync(mark, { force: true }));

const CONTAINERS = [
  {
    name: 'backend',
    image: 'x',
    env: [
      { name: 'RELEASE', value: '1' },
      { name: 'POD_NAME', valueFrom: { fieldRef: {} } },
    ],
  },
  { name: 'beside', image: 'y' },
];
const rollout = (status: Rollout['status'] = {}, generation = 4): Rollout => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'backend', generation },
  spec: { replicas: 3, template: { spec: { containers: CONTAINERS } } },
  status: { observedGeneration: '4', phase: 'Healthy', stableRS: 'a', currentPodHash: 'a', ...status },
});

/** Keeps what it is told. */
const apiOf = (): { readonly api: KubernetesApi; readonly patches: unknown[] } => {
  const patches: unknown[] = [];
  const api = {
    get: () => Promise.resolve(rollout()),
    patch: (_: string, change: unknown) => Promise.resolve(void patches.push(change)),
  } as unknown as KubernetesApi;
  return { api, patches };
};

describe('whether a release serves', () => {
  it.each([
    ['it does', {}, 4, true],
    ['a change that Argo Rollouts has not seen', {}, 5, false],
    ['pods are on their way', { phase: 'Progressing' }, 4, false],
    ['another one serves', { currentPodHash: 'b' }, 4, false],
  ])('%s', (_, status, generation, whole) => expect(isWhole(rollout(status, generation))).toBe(whole));
  it.each([
    ['it was given up', { phase: 'Degraded', abort: true, currentPodHash: 'b' }, 4, true],
    ['it is only late', { phase: 'Degraded', currentPodHash: 'b' }, 4, false],
    ['the one before was given up, and this is another', { phase: 'Degraded', abort: true, currentPodHash: 'b' }, 5, false],
    ['what was given up serves', { phase: 'Degraded', abort: true }, 4, false],
  ])('is taken back: %s', (_, status, generation, back) => expect(isTakenBack(rollout(status, generation))).toBe(back));
  it('is told by its environment', () => {
    expect(variableOf(rollout(), 'RELEASE')).toBe('1');
    expect(variableOf(rollout(), 'POD_NAME')).toBeUndefined();
  });
});

describe('a release that a drill deploys', () => {
  it('differs in what it was told, and in nothing else', async () => {
    const { api, patches } = apiOf();
    await deployRelease(lab, api, 'backend', { RELEASE: 'bad-7', PORT: '0' });
    const env = [
      { name: 'POD_NAME', valueFrom: { fieldRef: {} } },
      { name: 'RELEASE', value: 'bad-7' },
      { name: 'PORT', value: '0' },
    ];
    expect(patches).toEqual([{ spec: { template: { spec: { containers: [{ ...CONTAINERS[0], env }, CONTAINERS[1]] } } } }]);
  });
  it('is put back exactly, once', async () => {
    const { api, patches } = apiOf();
    await deployRelease(lab, api, 'backend', { RELEASE: 'bad-7' });
    expect(await putReleaseBack(lab, api)).toBe(true);
    expect(patches[1]).toEqual({ spec: { template: { spec: { containers: CONTAINERS } } } });
    expect(existsSync(mark)).toBe(false);
    expect(await putReleaseBack(lab, api)).toBe(false);
  });
  it('is noted before anything is changed, so that somebody else can put it back', async () => {
    const { api } = apiOf();
    const failing = { ...api, patch: () => Promise.reject(new Error('the API server is gone')) } as KubernetesApi;
    await expect(deployRelease(lab, failing, 'backend', { RELEASE: 'bad-7' })).rejects.toThrow(/gone/);
    expect(existsSync(mark)).toBe(true);
  });
  it('is not put back while that fails, and still noted', async () => {
    const { api } = apiOf();
    await deployRelease(lab, api, 'backend', { RELEASE: 'bad-7' });
    const failing = { ...api, patch: () => Promise.reject(new Error('the API server is gone')) } as KubernetesApi;
    await expect(putReleaseBack(lab, failing)).rejects.toThrow(/gone/);
    expect(existsSync(mark)).toBe(true);
  });
  it('is refused while another one has not been put back: what was there first would be forgotten', async () => {
    const { api, patches } = apiOf();
    await deployRelease(lab, api, 'backend', { RELEASE: 'bad-7' });
    await expect(deployRelease(lab, api, 'backend', { RELEASE: 'bad-8' })).rejects.toThrow(/has not been put back/);
    expect(patches).toHaveLength(1);
  });
});
