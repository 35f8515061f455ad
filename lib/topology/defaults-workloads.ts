/** What a workload is when its author says nothing else. */
import type { Workload, WorkloadInput, WorkloadPublic } from './types-workloads';
import { mebibytes, millicores, seconds } from './units';

/** The image that is built from examples/backend. */
export const REFERENCE_BACKEND = 'holdfast/backend';

const probe = (path: string, period: number, failures: number): Workload['probes']['readiness'] => ({
  path,
  port: 'http',
  period: seconds(period),
  timeout: seconds(2),
  failures,
});

/** The catalogue's figures: CS-3 (readiness 5 s x 3), CS-7 (500m/512Mi to 2 CPU/2Gi; 70, 85, 95 %), PW-1 (3 replicas). */
export const WORKLOAD_DEFAULTS: Omit<Workload, 'name' | 'image'> = {
  ports: [
    { name: 'http', port: 8080 },
    { name: 'metrics', port: 9090 },
  ],
  metrics: { port: 'metrics', path: '/metrics' },
  probes: { readiness: probe('/health/ready', 5, 3), liveness: probe('/health/live', 10, 3), startup: probe('/health/live', 2, 30) },
  resources: { cpu: millicores(500), cpuLimit: millicores(2000), memory: mebibytes(512), memoryLimit: mebibytes(2048) },
  memory: { warnPercent: 70, restartPercent: 85, scaleOutPercent: 95 },
  scaling: { min: 3, max: 9, cpuPercent: 70, requestsPerSecond: null, queue: null },
  drain: { preStop: seconds(5), timeout: seconds(20), grace: seconds(30) },
  rollout: {
    progressDeadline: seconds(180),
    formerStays: seconds(30),
    analysis: { duration: seconds(60), interval: seconds(5), maxErrorPercent: 1, maxP99: seconds(0.5), path: '/health' },
    keepReleases: 5,
  },
  needs: [],
  databaseConnections: null,
  public: null,
  egress: [],
  environment: {},
  alerts: [],
};

export const PUBLIC_DEFAULTS: Omit<WorkloadPublic, 'paths'> = { host: null, port: 'http', endpoints: [] };

/** With every default filled in. Lists replace the default's. */
export const workloadWithDefaults = (input: WorkloadInput): Workload => {
  const d = WORKLOAD_DEFAULTS;
  return {
    ...d,
    ...input,
    probes: {
      readiness: { ...d.probes.readiness, ...input.probes?.readiness },
      liveness: { ...d.probes.liveness, ...input.probes?.liveness },
      startup: { ...d.probes.startup, ...input.probes?.startup },
    },
    resources: { ...d.resources, ...input.resources },
    memory: { ...d.memory, ...input.memory },
    scaling: { ...d.scaling, ...input.scaling },
    drain: { ...d.drain, ...input.drain },
    rollout: { ...d.rollout, ...input.rollout, analysis: { ...d.rollout.analysis, ...input.rollout?.analysis } },
    public: input.public === undefined || input.public === null ? null : { ...PUBLIC_DEFAULTS, ...input.public },
  };
};
