/** A workload's Rollout in the lab: how it is, and how a user changes its release: by a patch of its template. */
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { markRelease, restoreRelease } from '../faults/release';
import type { KubernetesApi, KubernetesObject } from '../kubernetes/api';
import type { LabSettings } from '../settings';

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}
interface Container {
  readonly name: string;
  readonly env?: readonly EnvironmentVariable[];
}

export interface Rollout extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & { readonly generation?: number };
  readonly spec: { readonly replicas?: number; readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  readonly status?: {
    readonly observedGeneration?: string;
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly availableReplicas?: number;
  };
}

const path = (name: string): string => `/apis/argoproj.io/v1alpha1/namespaces/${APPLICATION_NAMESPACE}/rollouts/${name}`;

export const readRollout = (api: KubernetesApi, name: string): Promise<Rollout> => api.get<Rollout>(path(name));

/** Argo Rollouts has seen what is asked for. */
const isSeen = ({ metadata, status }: Rollout): boolean => status?.observedGeneration === String(metadata.generation);

/** What is asked for serves, and nothing else. */
export const isWhole = (rollout: Rollout): boolean =>
  isSeen(rollout) && rollout.status?.phase === 'Healthy' && rollout.status.stableRS === rollout.status.currentPodHash;

/** What is asked for was given up, and what was there before serves. */
export const isTakenBack = (rollout: Rollout): boolean =>
  isSeen(rollout) && rollout.status?.abort === true && rollout.status.stableRS !== rollout.status.currentPodHash;

export const variableOf = ({ spec }: Rollout, name: string): string | undefined => spec.template.spec.containers[0]?.env?.find((v) => v.name === name)?.value;

const withVariables = (env: readonly EnvironmentVariable[], variables: Readonly<Record<string, string>>): readonly EnvironmentVariable[] => [
  ...env.filter(({ name }) => !(name in variables)),
  ...Object.entries(variables).map(([name, value]) => ({ name, value })),
];

/**
 * Deploys the same image with other variables: another release. What was there is noted first, so that anybody can put it back.
 * @throws Error when another drill's release has not been put back
 */
export const deployRelease = async (lab: LabSettings, api: KubernetesApi, name: string, variables: Readonly<Record<string, string>>): Promise<void> => {
  const { containers } = (await readRollout(api, name)).spec.template.spec;
  await markRelease(lab, name, containers);
  const [first, ...others] = containers;
  const changed = first === undefined ? [] : [{ ...first, env: withVariables(first.env ?? [], variables) }, ...others];
  await api.patch(path(name), { spec: { template: { spec: { containers: changed } } } });
};

/** As a revert in Git does. @returns whether there was anything to put back */
export const putReleaseBack = async (lab: LabSettings, api: KubernetesApi): Promise<boolean> =>
  restoreRelease(lab, (name, change) => api.patch(path(name), change));
