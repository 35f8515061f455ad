/** The part of the model that users bring: services as container images, and everything that is around them (docs/workloads.md). */
import type { Mebibytes, Millicores, Seconds } from './units';

/** An HTTP request that the kubelet makes. */
export interface Probe {
  /** Begins with `/`; 200 to 399 is a success. */
  readonly path: string;
  /** A name from `ports`. */
  readonly port: string;
  /** Pause between two requests; whole seconds. */
  readonly period: Seconds;
  /** A request without an answer for so long has failed; whole seconds. */
  readonly timeout: Seconds;
  /** So many failures in a row count. */
  readonly failures: number;
}

/** What the kubelet asks. */
export interface Probes {
  /** Whether it is sent requests. A failure takes the pod out of rotation and restarts nothing. */
  readonly readiness: Probe;
  /** Whether it can go on at all: a failure restarts the container, so it must not depend on a database. */
  readonly liveness: Probe;
  /** Asked first, until it succeeds once: until then the other two are not. */
  readonly startup: Probe;
}

/** A port that the container listens on. */
export interface WorkloadPort {
  /** At most 15 lower-case letters, digits and hyphens. */
  readonly name: string;
  /** 1024 to 65535: below, a container without rights can't listen. */
  readonly port: number;
}

/** Where Prometheus reads. */
export interface WorkloadMetrics {
  /** A name from `ports`. */
  readonly port: string;
  /** Begins with `/`. */
  readonly path: string;
}

/** What each container asks for, and what it may use at most. */
export interface WorkloadResources {
  /** CPU request in thousandths of a core. */
  readonly cpu: Millicores;
  /** CPU limit in thousandths of a core. */
  readonly cpuLimit: Millicores;
  /** Memory request, MiB. */
  readonly memory: Mebibytes;
  /** Memory limit, MiB: beyond it the kernel kills the container. */
  readonly memoryLimit: Mebibytes;
}

/** What is done about memory, in percent of the limit (CS-7). */
export interface WorkloadMemory {
  /** Somebody is told. */
  readonly warnPercent: number;
  /** The pod is replaced, gracefully and one at a time. */
  readonly restartPercent: number;
  /** Pods are added when their mean is above. */
  readonly scaleOutPercent: number;
}

/** Replicas that follow the length of a queue. */
export interface QueueScaling {
  /** A gauge that every pod of the workload serves with the same value: the queue's length. */
  readonly metric: string;
  /** So many entries per replica are wanted. */
  readonly perReplica: number;
  /** From so many entries on in all, those who put them in are told to slow down (`QUEUE_BACKPRESSURE_AT`). */
  readonly backpressureAt: number;
}

/** How many there are. */
export interface WorkloadScaling {
  /** At least 3, and one per AZ. */
  readonly min: number;
  /** At least `min`. */
  readonly max: number;
  /** Mean CPU in percent of the request, or null: CPU adds no replicas. */
  readonly cpuPercent: number | null;
  /** Requests per second and pod, or null: requests add no replicas. */
  readonly requestsPerSecond: number | null;
  /** Or null: there is no queue. */
  readonly queue: QueueScaling | null;
}

/** How a pod leaves. */
export interface WorkloadDrain {
  /** It serves on for so long after it was taken out of rotation: those who send requests learn of it meanwhile. */
  readonly preStop: Seconds;
  /** From SIGTERM on: it accepts nothing, and finishes what it began. */
  readonly timeout: Seconds;
  /** From the beginning of preStop until it is killed; more than both together. */
  readonly grace: Seconds;
}

/** What a release has to show before anybody is served by it. */
export interface RolloutAnalysis {
  /** So long requests are made to the new release alone. */
  readonly duration: Seconds;
  /** Pause between two measurements. */
  readonly interval: Seconds;
  /** Of those requests, in percent. */
  readonly maxErrorPercent: number;
  /** 99 of 100 answers must come within this time. */
  readonly maxP99: Seconds;
  /** What is asked for; begins with `/`. */
  readonly path: string;
}

/** How a release is replaced: the new one is started beside the old one, analysed while nobody is served by it, made as large as the old one, and then serves instead. */
export interface WorkloadRollout {
  /** A release that has made no progress for so long is taken back. */
  readonly progressDeadline: Seconds;
  /** When the new release serves, the former one stays beside it for so long: going back takes no time. */
  readonly formerStays: Seconds;
  /** Before anybody is served by it. */
  readonly analysis: RolloutAnalysis;
  /** So many former releases can be gone back to. */
  readonly keepReleases: number;
}

/** A request that has a limit of its own. */
export interface PublicEndpoint {
  /** `GET`, `POST` and so on. */
  readonly method: string;
  /** Begins with `/`; `:name` stands for one segment. */
  readonly path: string;
  /** Per user; unless given, `edge.limits.endpoint`. */
  readonly requestsPerSecond?: number;
}

/** What clients outside reach, through the gateway. */
export interface WorkloadPublic {
  /** The name in the request, or null: any. */
  readonly host: string | null;
  /** Prefixes; the longest one wins. */
  readonly paths: readonly string[];
  /** A name from `ports`. */
  readonly port: string;
  /** With limits of their own. */
  readonly endpoints: readonly PublicEndpoint[];
}

/** Something outside of the cluster that a workload may connect to. */
export interface WorkloadEgress {
  /** A name, for people: Kubernetes knows addresses only, so every address is allowed on this port. Or a CIDR, which is enforced as it is. */
  readonly host: string;
  /** TCP. */
  readonly port: number;
}

/** The catalogue's severities: at once, 15 min, 1 h, 4 h (P3-1). */
export const SEVERITIES = ['SEV-1', 'SEV-2', 'SEV-3', 'SEV-4'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that people are told about. */
export interface WorkloadAlert {
  /** Upper camel case, as Prometheus' alerts are named. */
  readonly name: string;
  /** Ids of the catalogue. */
  readonly requirements: readonly string[];
  /** How soon somebody has to look. */
  readonly severity: Severity;
  /** PromQL; `$job` stands for the workload's name. */
  readonly expression: string;
  /** It has to hold for so long. */
  readonly for: Seconds;
  /** One sentence for who is woken up. */
  readonly summary: string;
}

/** A service that users bring as an image. */
export interface Workload {
  /** Of its Rollout, Services and service account. */
  readonly name: string;
  /** By digest in environments that are deployed; `holdfast/backend`: the reference backend of this repository. */
  readonly image: string;
  /** `http` on 8080 unless said otherwise. */
  readonly ports: readonly WorkloadPort[];
  /** Or null: it has none. */
  readonly metrics: WorkloadMetrics | null;
  /** What the kubelet asks. */
  readonly probes: Probes;
  /** Of each replica. */
  readonly resources: WorkloadResources;
  /** What is done when memory runs short. */
  readonly memory: WorkloadMemory;
  /** How many replicas, and what adds some. */
  readonly scaling: WorkloadScaling;
  /** How a replica leaves without losing a request. */
  readonly drain: WorkloadDrain;
  /** How a release replaces another. */
  readonly rollout: WorkloadRollout;
  /** `database`, `cache`, or names of other workloads. Nothing starts before what it needs, and nothing else may be connected to. */
  readonly needs: readonly string[];
  /** Connections that each replica opens to the pooler at most (`DATABASE_CONNECTIONS`), or null: not stated, and not checked. */
  readonly databaseConnections: number | null;
  /** Or null: it is reached by other workloads only. */
  readonly public: WorkloadPublic | null;
  /** Anything that is not in this list is denied. */
  readonly egress: readonly WorkloadEgress[];
  /** Further environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** What people are told about, besides what every workload is watched for. */
  readonly alerts: readonly WorkloadAlert[];
}

/** What a user writes for a workload: its name and its image; the rest has defaults. */
export interface WorkloadInput {
  readonly name: string;
  readonly image: string;
  readonly ports?: readonly WorkloadPort[];
  readonly metrics?: WorkloadMetrics | null;
  readonly probes?: { readonly [K in keyof Probes]?: Partial<Probe> };
  readonly resources?: Partial<WorkloadResources>;
  readonly memory?: Partial<WorkloadMemory>;
  readonly scaling?: Partial<WorkloadScaling>;
  readonly drain?: Partial<WorkloadDrain>;
  readonly rollout?: Partial<Omit<WorkloadRollout, 'analysis'>> & { readonly analysis?: Partial<RolloutAnalysis> };
  readonly needs?: readonly string[];
  readonly databaseConnections?: number | null;
  readonly public?: (Pick<WorkloadPublic, 'paths'> & Partial<WorkloadPublic>) | null;
  readonly egress?: readonly WorkloadEgress[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly alerts?: readonly WorkloadAlert[];
}
