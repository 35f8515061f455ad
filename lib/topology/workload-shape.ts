/** What a `WorkloadInput` looks like, field by field. */
import { listOf, mapOf, nullable, object, oneOf, type Shape } from './shape';
import { amount, count, duration, mebi, milli, text } from './shape-leaves';
import {
  SEVERITIES,
  type Probe,
  type PublicEndpoint,
  type QueueScaling,
  type RolloutAnalysis,
  type WorkloadAlert,
  type WorkloadDrain,
  type WorkloadEgress,
  type WorkloadInput,
  type WorkloadMemory,
  type WorkloadMetrics,
  type WorkloadPort,
  type WorkloadResources,
  type WorkloadScaling,
} from './types-workloads';

type Part<K extends keyof WorkloadInput> = Exclude<WorkloadInput[K], undefined | null>;

const probe = object<Partial<Probe>>({ path: text, port: text, period: duration, timeout: duration, failures: count }, {});

/** Nobody switches these off: the refusal says what would happen without. */
const indispensable = <T>(what: string, why: string, shape: Shape<T>): Shape<T> => ({
  check: (value, path) =>
    value === null
      ? [{ rule: 'workload-is-looked-after', path, given: 'null', allowed: what, fix: `leave it out for the defaults, or write your own: ${why}` }]
      : shape.check(value, path),
});

const probes = indispensable(
  'probes for readiness, liveness and startup',
  'without probes a broken release is sent requests, and a frozen container is never restarted',
  object<Part<'probes'>>(
    {
      readiness: indispensable('a probe', 'without it a broken release is sent requests', probe),
      liveness: indispensable('a probe', 'without it a frozen container is never restarted', probe),
      startup: indispensable('a probe', 'without it a slow start counts as a freeze', probe),
    },
    {},
  ),
);
const resources = indispensable(
  'requests and limits',
  'without limits one leak takes the node with it',
  object<Partial<WorkloadResources>>({ cpu: milli, cpuLimit: milli, memory: mebi, memoryLimit: mebi }, {}),
);
const scaling = object<Partial<WorkloadScaling>>(
  {
    min: count,
    max: count,
    cpuPercent: nullable(count),
    requestsPerSecond: nullable(amount),
    queue: nullable(object<QueueScaling>({ metric: text, perReplica: count, backpressureAt: count }, { metric: true, perReplica: true, backpressureAt: true })),
  },
  {},
);
const rollout = object<Part<'rollout'>>(
  {
    progressDeadline: duration,
    formerStays: duration,
    analysis: object<Partial<RolloutAnalysis>>({ duration, interval: duration, maxErrorPercent: amount, maxP99: duration, path: text }, {}),
    keepReleases: count,
  },
  {},
);
const publicly = object<Part<'public'>>(
  {
    host: nullable(text),
    paths: listOf(text),
    port: text,
    endpoints: listOf(object<PublicEndpoint>({ method: text, path: text, requestsPerSecond: amount }, { method: true, path: true })),
  },
  { paths: true },
);
const alert = object<WorkloadAlert>(
  { name: text, requirements: listOf(text), severity: oneOf(SEVERITIES), expression: text, for: duration, summary: text },
  { name: true, requirements: true, severity: true, expression: true, for: true, summary: true },
);

export const workloadShape = object<WorkloadInput>(
  {
    name: text,
    image: text,
    ports: listOf(object<WorkloadPort>({ name: text, port: count }, { name: true, port: true })),
    metrics: nullable(object<WorkloadMetrics>({ port: text, path: text }, { port: true, path: true })),
    probes,
    resources,
    memory: object<Partial<WorkloadMemory>>({ warnPercent: count, restartPercent: count, scaleOutPercent: count }, {}),
    scaling,
    drain: object<Partial<WorkloadDrain>>({ preStop: duration, timeout: duration, grace: duration }, {}),
    rollout,
    needs: listOf(text),
    databaseConnections: nullable(count),
    public: nullable(publicly),
    egress: listOf(object<WorkloadEgress>({ host: text, port: count }, { host: true, port: true })),
    environment: mapOf(text),
    alerts: listOf(alert),
  },
  { name: true, image: true },
);
