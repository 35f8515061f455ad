/** The pod of a workload. */
import {
  type Container,
  type EnvVar,
  IntOrString,
  KubeDeployment,
  type PodSecurityContext,
  type PodSpec,
  type Probe as KubeProbe,
  Quantity,
  type ResourceRequirements,
  type TopologySpreadConstraint,
  type Volume,
  type VolumeMount,
} from 'cdk8s-plus-27/lib/imports/k8s';
import { LIMITS_CONFIG, SWITCHES_CONFIG } from '../lib/services/limits';
import { RUN_AS } from '../lib/services/paths';
import { portNamed, WORKLOAD_DIRS, workloadEnvironment, needs } from '../lib/services/workload-environment';
import { REFERENCE_BACKEND } from '../lib/topology/defaults-workloads';
import type { Region } from '../lib/topology/types';
import type { Probe, Workload, WorkloadResources } from '../lib/topology/types-workloads';
import { cpuQuantity, memoryQuantity } from '../lib/topology/units';
import { type ChartContext, containerPorts } from './data-chart';
import { ZONE_LABEL } from './names';
import type { Platform } from './platform';
import { containerSecurity, fieldEnv, leaveDeadNodeAfter, podDefaults, projectedVolume, readOnly } from './pods';
import { APPLICATION_SECRETS, workloadLabels, workloadSelector } from './workload-names';

/** On the pods of each release, by its controller. */
const RELEASE_LABEL = 'rollouts-pod-template-hash';
/** A pod on a node that is marked dead is replaced after so long. */
const LEAVE_DEAD_NODE_AFTER_SECONDS = 10;

/** @throws Error when the platform has no image of the reference backend */
export const imageOf = ({ image }: Workload, platform: Platform): string => {
  if (image !== REFERENCE_BACKEND) return image;
  if (platform.images.backend === undefined) throw new Error('the platform names no image "backend", and a workload uses it');
  return platform.images.backend;
};

const probe = (workload: Workload, { path, port, period, timeout, failures }: Probe): KubeProbe => ({
  httpGet: { path, port: IntOrString.fromNumber(portNamed(workload, port)) },
  periodSeconds: period,
  timeoutSeconds: timeout,
  failureThreshold: failures,
});

const resources = ({ cpu, cpuLimit, memory, memoryLimit }: WorkloadResources): ResourceRequirements => ({
  requests: { cpu: Quantity.fromString(cpuQuantity(cpu)), memory: Quantity.fromString(memoryQuantity(memory)) },
  limits: { cpu: Quantity.fromString(cpuQuantity(cpuLimit)), memory: Quantity.fromString(memoryQuantity(memoryLimit)) },
});

const env = (workload: Workload, { environment, region, platform }: ChartContext): EnvVar[] => [
  fieldEnv('POD_NAME', 'metadata.name'),
  fieldEnv('NODE_NAME', 'spec.nodeName'),
  // Kubernetes puts the node's zone on the pod when it is bound.
  fieldEnv('ZONE', `metadata.labels['${ZONE_LABEL}']`),
  ...Object.entries(workloadEnvironment(workload, environment, region, imageOf(workload, platform))).map(([name, value]) => ({ name, value })),
];

interface Mounted {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

const key = (name: string): { key: string; path: string } => ({ key: name, path: name });
const login = (name: 'database' | 'cache', secret: string, keys: readonly string[], authority: string): Mounted => ({
  volume: projectedVolume(name, [{ secret: { name: secret, items: keys.map(key) } }, { secret: { name: authority, items: [key('ca.crt')] } }]),
  mount: readOnly(name, WORKLOAD_DIRS[name]),
});
const settings = (name: 'limits' | 'switches', configMap: string): Mounted => ({
  volume: { name, configMap: { name: configMap, defaultMode: 0o440 } },
  mount: readOnly(name, WORKLOAD_DIRS[name]),
});
const writable = (name: string, mountPath: string, mebibytes: number): Mounted => ({
  volume: { name, emptyDir: { sizeLimit: Quantity.fromString(`${mebibytes}Mi`) } },
  mount: { name, mountPath },
});

const mounted = (workload: Workload, { environment }: ChartContext): readonly Mounted[] => [
  ...(needs(workload, 'database') ? [login('database', APPLICATION_SECRETS.database, ['username', 'password'], APPLICATION_SECRETS.databaseCa)] : []),
  ...(needs(workload, 'cache') ? [login('cache', APPLICATION_SECRETS.cache, ['password'], APPLICATION_SECRETS.cacheCa)] : []),
  ...(environment.edge === null ? [] : [settings('limits', LIMITS_CONFIG.name)]),
  settings('switches', SWITCHES_CONFIG.name),
  writable('reports', WORKLOAD_DIRS.reports, 256),
  writable('tmp', '/tmp', 128),
];

/**
 * Evenly over the zones that have nodes. A lost zone's pods are started in the others, where the rules have kept room for them: these hold nothing that stays behind.
 * While only one zone has nodes yet, its share is all that is started there.
 */
const spread = (name: string, region: Region): TopologySpreadConstraint[] => {
  const common = { maxSkew: 1, labelSelector: { matchLabels: workloadSelector(name) }, matchLabelKeys: [RELEASE_LABEL], nodeTaintsPolicy: 'Honor' };
  return [
    { ...common, topologyKey: ZONE_LABEL, whenUnsatisfiable: 'DoNotSchedule', minDomains: Math.max(1, region.zones.length - 1) },
    { ...common, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  ];
};

const container = (workload: Workload, context: ChartContext): Container => ({
  name: workload.name,
  image: imageOf(workload, context.platform),
  imagePullPolicy: context.platform.imagePullPolicy,
  env: env(workload, context),
  ports: containerPorts(Object.fromEntries(workload.ports.map(({ name, port }) => [name, port]))),
  resources: resources(workload.resources),
  readinessProbe: probe(workload, workload.probes.readiness),
  livenessProbe: probe(workload, workload.probes.liveness),
  startupProbe: probe(workload, workload.probes.startup),
  terminationMessagePolicy: 'FallbackToLogsOnError',
  securityContext: containerSecurity,
  volumeMounts: mounted(workload, context).map(({ mount }) => mount),
});

/** Runs as the image's own user, whoever that is but root. The group may read the mounted files. */
const securityContext: PodSecurityContext = {
  runAsNonRoot: true,
  fsGroup: RUN_AS,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
};

const podSpec = (workload: Workload, context: ChartContext): PodSpec => {
  const { automountServiceAccountToken, enableServiceLinks, dnsConfig } = podDefaults;
  return {
    automountServiceAccountToken,
    enableServiceLinks,
    dnsConfig,
    securityContext,
    serviceAccountName: workload.name,
    terminationGracePeriodSeconds: workload.drain.grace,
    topologySpreadConstraints: spread(workload.name, context.region),
    tolerations: leaveDeadNodeAfter(LEAVE_DEAD_NODE_AFTER_SECONDS),
    containers: [container(workload, context)],
    volumes: mounted(workload, context).map(({ volume }) => volume),
  };
};

interface PlainPod {
  readonly metadata: object;
  readonly spec: { readonly containers: readonly object[] };
}

/** As plain data. `sleep` is newer than the types: the kubelet waits by itself, and the image needs no program for it. */
export const podTemplate = (workload: Workload, context: ChartContext): object => {
  const labels = workloadLabels(workload.name, context.environment);
  const manifest = KubeDeployment.manifest({
    spec: { selector: {}, template: { metadata: { labels }, spec: podSpec(workload, context) } },
  }) as { readonly spec: { readonly template: PlainPod } };
  const { metadata, spec } = manifest.spec.template;
  const { preStop } = workload.drain;
  const lifecycle = preStop === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStop } } } };
  return { metadata, spec: { ...spec, containers: spec.containers.map((c) => ({ ...c, ...lifecycle })) } };
};
