/** A workload's pods in the lab, and whether all of it is as it should be. */
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { GATEWAY } from '../../lib/topology/gateway';
import type { Workload } from '../../lib/topology/types-workloads';
import { isReady, type KubernetesApi, type Pod } from '../kubernetes/api';
import type { LabSettings, NodeSettings } from '../settings';
import { isWhole, readRollout } from './rollout';

const podsNamed = (api: KubernetesApi, name: string): Promise<readonly Pod[]> =>
  api.list<Pod>(`/api/v1/namespaces/${APPLICATION_NAMESPACE}/pods?labelSelector=app.kubernetes.io/name%3D${name}`);

const isStaying = ({ metadata, status }: Pod): boolean => metadata.deletionTimestamp === undefined && status.phase !== 'Succeeded' && status.phase !== 'Failed';

/** A pod, where it is, and how it is asked. */
export interface PlacedPod {
  readonly name: string;
  readonly node: NodeSettings;
  readonly address: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly release: string;
}

const HASH_LABEL = 'rollouts-pod-template-hash';

const placed = (lab: LabSettings, pods: readonly Pod[]): readonly PlacedPod[] =>
  pods.filter(isStaying).flatMap((pod) => {
    const node = lab.nodes.find((n) => n.name === pod.spec.nodeName);
    const { podIP, containerStatuses = [] } = pod.status;
    if (node === undefined || podIP === undefined) return [];
    const restarts = containerStatuses.reduce((sum, c) => sum + c.restartCount, 0);
    return [{ name: pod.metadata.name, node, address: podIP, ready: isReady(pod), restarts, release: pod.metadata.labels?.[HASH_LABEL] ?? '' }];
  });

export const workloadPods = async (lab: LabSettings, api: KubernetesApi, { name }: Workload): Promise<readonly PlacedPod[]> =>
  placed(lab, await podsNamed(api, name));

export const gatewayPods = async (lab: LabSettings, api: KubernetesApi): Promise<readonly PlacedPod[]> => placed(lab, await podsNamed(api, GATEWAY));

/** How a pod is asked from inside the lab's network. */
export const baseOf = ({ ports, public: open }: Workload, { address }: Pick<PlacedPod, 'address'>): string =>
  `http://${address}:${ports.find((p) => p.name === open?.port)?.port ?? ports[0]?.port ?? 8080}`;

/** Empty: the workload serves with all that it has, and nothing of a release that is on its way in or out is left. */
export const workloadComplaints = async (lab: LabSettings, api: KubernetesApi, workload: Workload): Promise<readonly string[]> => {
  const rollout = await readRollout(api, workload.name);
  const [pods, gateways] = await Promise.all([workloadPods(lab, api, workload), gatewayPods(lab, api)]);
  const wanted = rollout.spec.replicas ?? workload.scaling.min;
  const serving = pods.filter((p) => p.ready && p.release === rollout.status?.stableRS).length;
  const doors = gateways.filter((p) => p.ready).length;
  return [
    ...(isWhole(rollout) ? [] : [`${workload.name}: ${rollout.status?.phase ?? 'unknown'}: ${rollout.status?.message ?? ''}`]),
    ...(serving === wanted ? [] : [`${workload.name}: ${serving} of ${wanted} pods ready`]),
    ...(doors >= lab.nodes.length ? [] : [`gateway: ${doors} of ${lab.nodes.length} pods ready`]),
  ];
};
