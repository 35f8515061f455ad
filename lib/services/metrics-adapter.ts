/** What the metrics adapter reads at its start (agents/metrics-adapter): it serves autoscalers what workloads say of themselves. */
import type { Environment } from '../topology/types';
import type { Workload } from '../topology/types-workloads';

/** As autoscalers name them (external.metrics.k8s.io), with the selector `workload=<name>`. */
export const SCALING_METRICS = { requests: 'requests-per-second', queue: 'queue-depth' } as const;
export type ScalingMetric = (typeof SCALING_METRICS)[keyof typeof SCALING_METRICS];

export interface AdaptedWorkload {
  readonly name: string;
  /** Where each of its pods serves its metrics. */
  readonly port: number;
  readonly path: string;
  /** The gauge of its queue, or null: it has none. */
  readonly queueMetric: string | null;
}

/** Durations in seconds. */
export interface MetricsAdapterConfig {
  readonly namespace: string;
  readonly workloads: readonly AdaptedWorkload[];
  readonly pollSeconds: number;
  /** Requests per second are those of the last so many seconds. */
  readonly windowSeconds: number;
  readonly requestTimeoutSeconds: number;
  /** For the API server: HTTPS with client certificates. */
  readonly apiPort: number;
  /** For probes and Prometheus. */
  readonly healthPort: number;
  /** Directory with tls.crt, tls.key and ca.crt. */
  readonly tls: string;
}

export const METRICS_ADAPTER_PORTS = { api: 6443, health: 9103 } as const;
export const METRICS_ADAPTER_DIRS = { configuration: '/etc/metrics-adapter', tls: '/etc/metrics-adapter-tls' } as const;
export const METRICS_ADAPTER_FILE = 'metrics-adapter.json';
export const EXTERNAL_METRICS_API = { group: 'external.metrics.k8s.io', version: 'v1beta1' } as const;

/** Counters of requests, of which a workload has one: Prometheus' usual names. */
export const REQUEST_COUNTERS = ['http_request_duration_seconds_count', 'http_requests_total', 'http_server_requests_seconds_count'] as const;

/** Scaled by more than CPU and memory. */
const adapted = ({ name, ports, metrics, scaling }: Workload): AdaptedWorkload[] => {
  const port = ports.find((candidate) => candidate.name === metrics?.port)?.port;
  if (metrics === null || port === undefined) return [];
  if (scaling.requestsPerSecond === null && scaling.queue === null) return [];
  return [{ name, port, path: metrics.path, queueMetric: scaling.queue?.metric ?? null }];
};

export const adaptedWorkloads = ({ workloads }: Pick<Environment, 'workloads'>): readonly AdaptedWorkload[] => workloads.flatMap(adapted);

export const metricsAdapterConfig = (environment: Pick<Environment, 'workloads'>, namespace: string): MetricsAdapterConfig => ({
  namespace,
  workloads: adaptedWorkloads(environment),
  pollSeconds: 5,
  windowSeconds: 20,
  requestTimeoutSeconds: 2,
  apiPort: METRICS_ADAPTER_PORTS.api,
  healthPort: METRICS_ADAPTER_PORTS.health,
  tls: METRICS_ADAPTER_DIRS.tls,
});
