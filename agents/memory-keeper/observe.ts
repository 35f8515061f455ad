/** What pods use, from the metrics API, beside their limits. */
import type { MemoryKeeperConfig } from '../../lib/services/memory-keeper';
import type { PodMemory } from './decide';
import { bytesOf } from './quantity';

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly resources?: { readonly limits?: { readonly memory?: string } } }[] };
  readonly status: { readonly phase?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export interface PodMetrics {
  readonly metadata: { readonly name: string };
  readonly timestamp: string;
  readonly containers: readonly { readonly name: string; readonly usage: { readonly memory?: string } }[];
}

export interface Cluster {
  readonly list: <T>(path: string) => Promise<readonly T[]>;
}

/** Of the fullest container; undefined when one of them is not known or has no limit that we can read. */
const percentOf = (pod: Pod, metrics: PodMetrics | undefined): number | undefined => {
  if (metrics === undefined) return undefined;
  const percents = pod.spec.containers.flatMap(({ name, resources }) => {
    const limit = bytesOf(resources?.limits?.memory ?? '');
    const used = bytesOf(metrics.containers.find((container) => container.name === name)?.usage.memory ?? '');
    return limit === undefined || limit === 0 || used === undefined ? [] : [(used / limit) * 100];
  });
  return percents.length === 0 ? undefined : Math.max(...percents);
};

const podMemory = (workload: string, pod: Pod, metrics: PodMetrics | undefined): PodMemory => {
  const measuredAt = metrics === undefined ? undefined : Date.parse(metrics.timestamp);
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    workload,
    ready: pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    leaving: pod.metadata.deletionTimestamp !== undefined,
    percent: percentOf(pod, metrics),
    measuredAt: measuredAt === undefined || Number.isNaN(measuredAt) ? undefined : measuredAt,
  };
};

const hasEnded = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed';

/** Pods of the workloads that are kept, each with what is known of its memory. @throws what the API server answers */
export const observe = async (cluster: Cluster, { namespace, workloads }: MemoryKeeperConfig): Promise<readonly PodMemory[]> => {
  const [pods, metrics] = await Promise.all([
    cluster.list<Pod>(`/api/v1/namespaces/${namespace}/pods`),
    cluster.list<PodMetrics>(`/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`),
  ]);
  const byName = new Map(metrics.map((item) => [item.metadata.name, item]));
  return pods.flatMap((pod) => {
    const workload = pod.metadata.labels?.['app.kubernetes.io/name'];
    const kept = workloads.some(({ name }) => name === workload);
    return !kept || workload === undefined || hasEnded(pod) ? [] : [podMemory(workload, pod, byName.get(pod.metadata.name))];
  });
};
