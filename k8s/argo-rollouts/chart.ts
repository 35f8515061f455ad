/** Argo Rollouts: replaces the releases of workloads, and takes back those that fail (ADR 0810). */
import { ApiObject, Chart } from 'cdk8s';
import { IntOrString, KubeConfigMap, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CONTROLLER_RESOURCES } from '../../lib/topology/controllers';
import { ControllerChart, slowStart } from '../controller-chart';
import { type ChartContext, containerPorts } from '../data-chart';
import { APPLICATION_NAMESPACE, MONITORING_LABEL, SYSTEM_NAMESPACE } from '../names';
import { namespacesWith } from '../network-policies';
import { container, resources } from '../pods';
import { PUBLISHED_TYPES } from './published.generated';
import { IN_APPLICATIONS, IN_ITS_OWN } from './rights';

const NAME = 'argo-rollouts';
const PORTS = { metrics: 8090, healthz: 8080 };

interface ResourceType {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Two charts: one would be larger than what carries it on AWS. */
const HALVES = [
  { id: 'rollout-types', types: PUBLISHED_TYPES.slice(0, 2) },
  { id: 'analysis-types', types: PUBLISHED_TYPES.slice(2) },
] as const;

/** Rollout, Experiment, AnalysisTemplate and AnalysisRun, as published, but for their descriptions. */
export const rolloutTypeCharts = (scope: Construct): Chart[] =>
  HALVES.map(({ id, types }) => {
    const chart = new Chart(scope, id, { disableResourceNameHashes: true });
    for (const text of types) {
      const type = JSON.parse(text) as ResourceType;
      new ApiObject(chart, type.metadata.name, type);
    }
    return chart;
  });

export class RolloutsChart extends ControllerChart {
  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, SYSTEM_NAMESPACE, context);
    this.defineAccount();
    this.allowIn(SYSTEM_NAMESPACE, IN_ITS_OWN);
    this.allowIn(APPLICATION_NAMESPACE, IN_APPLICATIONS);
    // Empty: no plugins, no notifications. Without it the controller says at every look that it is missing.
    new KubeConfigMap(this, 'configuration', { metadata: this.metadataIn(SYSTEM_NAMESPACE, 'argo-rollouts-config') });
    this.defineController();
    this.restrictTraffic([{ peer: namespacesWith(MONITORING_LABEL), ports: [PORTS.metrics] }]);
  }

  private defineController(): void {
    const { platform } = this.context;
    if (platform.images.rollouts === undefined) throw new Error('the platform names no image "rollouts", and the environment has workloads');
    const healthz = { httpGet: { path: '/healthz', port: IntOrString.fromString('healthz') }, timeoutSeconds: 5, failureThreshold: 3 };
    this.defineDeployment({
      containers: [
        container({
          name: NAME,
          image: platform.images.rollouts,
          imagePullPolicy: platform.imagePullPolicy,
          args: ['--namespaced', '--namespace', APPLICATION_NAMESPACE, '--leader-elect', '--loglevel', 'info'],
          // Where its lease and its settings are.
          env: [{ name: 'POD_NAMESPACE', value: SYSTEM_NAMESPACE }],
          ports: containerPorts(PORTS),
          resources: resources(CONTROLLER_RESOURCES[NAME]),
          readinessProbe: { ...healthz, periodSeconds: 5 },
          startupProbe: slowStart(healthz),
          livenessProbe: { ...healthz, periodSeconds: 20 },
          volumeMounts: WRITABLE.map(({ name, mountPath }) => ({ name, mountPath })),
        }),
      ],
      volumes: WRITABLE.map(({ name }): Volume => ({ name, emptyDir: {} })),
    });
  }
}

const WRITABLE = [
  { name: 'plugins', mountPath: '/home/argo-rollouts/plugin-bin' },
  { name: 'tmp', mountPath: '/tmp' },
] as const;
