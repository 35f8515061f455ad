/** What Kubernetes' objects say of a region, read with the care that a region which was off deserves: they are what was true when they were written. */
import type { MachineSeen, PodSeen, WorkloadSeen } from './observation';
import type { Tier, Workload } from './tiers';

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
}
interface Condition {
  readonly type: string;
  readonly status: string;
}
interface ContainerStatus {
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

/** Of any kind that is asked for; each kind has some of these fields. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: { readonly nodeName?: string; readonly replicas?: number; readonly renewTime?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** What is known of a machine's power from elsewhere than Kubernetes. */
export interface Power {
  readonly on: boolean;
  /** When it was switched on last, milliseconds since the epoch; null: unknown. */
  readonly since: number | null;
}

export interface ReadingContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Null: nobody knows. */
  readonly power: (machine: string) => Power | null;
  /** The operator has confirmed that machines that say nothing are off. */
  readonly silentMeansOff: boolean;
}

export const ZONE_LABEL = 'topology.kubernetes.io/zone';
/** Where kubelets keep their leases. */
const LEASES = 'kube-node-lease';
/** A kubelet renews its lease every 10 s; after so long it is silent. */
const LEASE_FRESH_MS = 25_000;

const isTrue = (object: KubernetesObject, type: string): boolean =>
  object.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

/** Ready, and not asked to go. */
export const isReadyPod = (object: KubernetesObject): boolean => isTrue(object, 'Ready') && object.metadata.deletionTimestamp === undefined;

const reportsNow = (lease: KubernetesObject | undefined, power: Power | null, { now }: ReadingContext): boolean => {
  const renewed = Date.parse(lease?.spec?.renewTime ?? '');
  // The lease of a machine that was switched on anew is the one from before, until its kubelet runs.
  return renewed > now - LEASE_FRESH_MS && renewed >= (power?.since ?? 0);
};

export const machinesFrom = (objects: readonly KubernetesObject[], context: ReadingContext): readonly MachineSeen[] => {
  const leases = new Map(
    objects.filter(({ kind, metadata }) => kind === 'Lease' && metadata.namespace === LEASES).map((lease) => [lease.metadata.name, lease]),
  );
  return objects
    .filter(({ kind }) => kind === 'Node')
    .map((node): MachineSeen => {
      const { name, labels } = node.metadata;
      const power = context.power(name);
      const reports = reportsNow(leases.get(name), power, context);
      const known = { name, zone: labels?.[ZONE_LABEL] ?? '' };
      if (power?.on === false) return { ...known, state: 'off' };
      if (reports) return { ...known, state: isTrue(node, 'Ready') ? 'ready' : 'starting' };
      return { ...known, state: power === null && context.silentMeansOff ? 'off' : 'starting' };
    });
};

const selects = ({ namespace, labels }: Workload, pod: KubernetesObject): boolean =>
  pod.metadata.namespace === namespace && Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);

const BACK_OFF = ['CrashLoopBackOff', 'ImagePullBackOff'];

const podFrom = (pod: KubernetesObject): PodSeen => {
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? '',
    machine: pod.spec?.nodeName ?? null,
    started: pod.status?.phase !== 'Pending' || containers.length > 0,
    ready: isTrue(pod, 'Ready'),
    backingOff: containers.some(({ state }) => BACK_OFF.includes(state?.waiting?.reason ?? '')),
    leaving: pod.metadata.deletionTimestamp !== undefined,
  };
};

export const workloadsFrom = (objects: readonly KubernetesObject[], tiers: readonly Tier[]): Readonly<Record<string, WorkloadSeen>> => {
  const pods = objects.filter(({ kind }) => kind === 'Pod');
  return Object.fromEntries(
    tiers.flatMap(({ id, workload }) => {
      if (workload === null) return [];
      const object = objects.find(
        ({ kind, metadata }) => kind === workload.kind && metadata.name === workload.name && metadata.namespace === workload.namespace,
      );
      if (object === undefined) throw new Error(`there is no ${workload.kind} ${workload.namespace}/${workload.name}: are the charts applied?`);
      return [[id, { replicas: object.spec?.replicas ?? 0, pods: pods.filter((pod) => selects(workload, pod)).map(podFrom) }] as const];
    }),
  );
};

interface PatroniCluster {
  readonly members?: readonly { readonly name: string; readonly role: string; readonly state: string }[];
}

/** @param text what a member's `/cluster` answered */
export const databaseFrom = (text: string): { readonly leaders: string[]; readonly streaming: string[]; readonly synchronous: string[] } => {
  const { members = [] } = JSON.parse(text) as PatroniCluster;
  const names = (roles: readonly string[], state: string): string[] => members.filter((m) => roles.includes(m.role) && m.state === state).map((m) => m.name);
  const standbys = ['replica', 'sync_standby', 'quorum_standby'];
  return { leaders: names(['leader'], 'running'), streaming: names(standbys, 'streaming'), synchronous: names(['sync_standby'], 'streaming') };
};
