/** metrics-server: CPU and memory of pods for autoscalers and the memory keeper (ADR 0811). As published, but for two replicas, sizes and the lab's kubelets. */
import { ApiObject } from 'cdk8s';
import { IntOrString, KubeClusterRole, KubeClusterRoleBinding, KubeService, type PolicyRule, type VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CONTROLLER_RESOURCES } from '../lib/topology/controllers';
import { ControllerChart, slowStart } from './controller-chart';
import { type ChartContext, containerPorts } from './data-chart';
import { selectorOf } from './names';
import { container, memoryVolume, resources } from './pods';

const NAME = 'metrics-server';
const NAMESPACE = 'kube-system';
const PORT = 10250;

const READS: PolicyRule[] = [
  { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
];
const VIEW: PolicyRule[] = [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }];

export class MetricsServerChart extends ControllerChart {
  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, NAMESPACE, context);
    this.defineAccount();
    this.defineRights();
    this.defineServer();
    this.defineApi();
  }

  private defineRights(): void {
    const { labels } = this.metadata;
    const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }];
    const bind = (name: string, role: string): void => {
      new KubeClusterRoleBinding(this, `cluster-binding-${name}`, {
        metadata: { name, labels },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects,
      });
    };
    new KubeClusterRole(this, 'reads', { metadata: { name: `system:${NAME}`, labels }, rules: READS });
    const aggregate = Object.fromEntries(['admin', 'edit', 'view'].map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']));
    new KubeClusterRole(this, 'view', { metadata: { name: 'system:aggregated-metrics-reader', labels: { ...labels, ...aggregate } }, rules: VIEW });
    bind(`system:${NAME}`, `system:${NAME}`);
    bind(`${NAME}:system:auth-delegator`, 'system:auth-delegator');
    this.bindIn(NAMESPACE, `${NAME}-auth-reader`, { kind: 'Role', name: 'extension-apiserver-authentication-reader' });
  }

  private defineServer(): void {
    const { platform } = this.context;
    if (platform.images.metricsServer === undefined) throw new Error('the platform names no image "metricsServer", and the environment has workloads');
    const probe = (path: string) => ({ httpGet: { path, port: IntOrString.fromString('https'), scheme: 'HTTPS' }, failureThreshold: 3 });
    const tmp: VolumeMount = { name: 'tmp', mountPath: '/tmp' };
    this.defineDeployment({
      priorityClassName: 'system-cluster-critical',
      containers: [
        container({
          name: NAME,
          image: platform.images.metricsServer,
          imagePullPolicy: platform.imagePullPolicy,
          args: this.arguments(),
          ports: containerPorts({ https: PORT }),
          resources: resources(CONTROLLER_RESOURCES[NAME]),
          readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 3 },
          startupProbe: slowStart(probe('/livez')),
          livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 5 },
          volumeMounts: [tmp],
        }),
      ],
      volumes: [memoryVolume('tmp', 8)],
    });
  }

  private arguments(): string[] {
    const lab = this.context.platform.kubelets === 'unverified' ? ['--kubelet-insecure-tls'] : [];
    return [
      '--cert-dir=/tmp',
      `--secure-port=${PORT}`,
      '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      '--kubelet-use-node-status-port',
      '--metric-resolution=10s',
      '--kubelet-request-timeout=5s',
      ...lab,
    ];
  }

  private defineApi(): void {
    const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: IntOrString.fromString('https'), appProtocol: 'https' }];
    new KubeService(this, 'service', { metadata: this.metadata, spec: { selector: selectorOf(NAME), ports } });
    new ApiObject(this, 'api', {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io', labels: this.podLabels },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { name: NAME, namespace: NAMESPACE },
        // As published: it makes a certificate of its own at every start.
        insecureSkipTLSVerify: true,
      },
    });
  }
}
