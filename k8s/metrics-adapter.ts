/** The metrics adapter: external.metrics.k8s.io for autoscalers, from the workloads' own /metrics (ADR 0811). */
import { ApiObject } from 'cdk8s';
import { IntOrString, KubeClusterRole, KubeClusterRoleBinding, KubeConfigMap, KubeService, type NetworkPolicyPeer } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import {
  adaptedWorkloads,
  EXTERNAL_METRICS_API,
  METRICS_ADAPTER_DIRS,
  METRICS_ADAPTER_FILE,
  METRICS_ADAPTER_PORTS,
  metricsAdapterConfig,
} from '../lib/services/metrics-adapter';
import { CONTROLLER_RESOURCES } from '../lib/topology/controllers';
import { requestControllerCertificate } from './certificates';
import { ControllerChart, slowStart } from './controller-chart';
import { type ChartContext, containerPorts } from './data-chart';
import { APPLICATION_NAMESPACE, MONITORING_LABEL, SYSTEM_NAMESPACE, selectorOf } from './names';
import { addressesOf, namespacesWith } from './network-policies';
import { configVolume, container, readOnly, resources, tlsVolume } from './pods';

const NAME = 'metrics-adapter';
const { group, version } = EXTERNAL_METRICS_API;
const API = `${version}.${group}`;
/** With tls.crt, tls.key and ca.crt. */
export const METRICS_ADAPTER_TLS_SECRET = 'metrics-adapter-tls';

/** Its pods: workloads let them in on the port of their metrics. */
export const METRICS_ADAPTER_PEER: NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': SYSTEM_NAMESPACE } },
  podSelector: { matchLabels: selectorOf(NAME) },
};

export class MetricsAdapterChart extends ControllerChart {
  private readonly configuration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, SYSTEM_NAMESPACE, context);
    const config = metricsAdapterConfig(context.environment, APPLICATION_NAMESPACE);
    this.configuration = { [METRICS_ADAPTER_FILE]: `${JSON.stringify(config, null, 2)}\n` };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: this.configuration });
    this.defineAccount();
    this.defineRights();
    this.defineAdapter();
    this.defineApi();
    this.restrict();
    if (context.platform.certificates === 'cert-manager') {
      const names = ['', `.${SYSTEM_NAMESPACE}`, `.${SYSTEM_NAMESPACE}.svc`].map((suffix) => `${NAME}${suffix}`);
      requestControllerCertificate(this, context, { secretName: METRICS_ADAPTER_TLS_SECRET, namespace: SYSTEM_NAMESPACE, dnsNames: names });
    }
  }

  /** Its own place in the API, whose pods there are, and by which certificate the API server is known. */
  private defineRights(): void {
    const metadata = { name: `holdfast:${NAME}`, labels: this.podLabels };
    new KubeClusterRole(this, 'api-role', {
      metadata,
      rules: [{ apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'], resourceNames: [API], verbs: ['get', 'patch'] }],
    });
    new KubeClusterRoleBinding(this, 'api-binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: SYSTEM_NAMESPACE }],
    });
    this.allowIn(APPLICATION_NAMESPACE, [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    this.bindIn('kube-system', `holdfast-${NAME}-auth-reader`, { kind: 'Role', name: 'extension-apiserver-authentication-reader' });
  }

  private defineAdapter(): void {
    const { platform } = this.context;
    const { configuration, tls } = METRICS_ADAPTER_DIRS;
    const probe = (path: string) => ({ httpGet: { path, port: IntOrString.fromNumber(METRICS_ADAPTER_PORTS.health) }, failureThreshold: 3 });
    this.defineDeployment({
      containers: [
        container({
          name: NAME,
          image: platform.images.agent,
          imagePullPolicy: platform.imagePullPolicy,
          command: [
            'node',
            '--max-old-space-size=48',
            '--max-semi-space-size=1',
            '/opt/holdfast/metrics-adapter.js',
            `${configuration}/${METRICS_ADAPTER_FILE}`,
          ],
          ports: containerPorts(METRICS_ADAPTER_PORTS),
          resources: resources(CONTROLLER_RESOURCES[NAME]),
          readinessProbe: { ...probe('/health/ready'), periodSeconds: 3, timeoutSeconds: 2 },
          startupProbe: slowStart(probe('/health/live')),
          livenessProbe: { ...probe('/health/live'), periodSeconds: 10, timeoutSeconds: 3 },
          volumeMounts: [readOnly('configuration', configuration), readOnly('tls', tls)],
        }),
      ],
      volumes: [configVolume('configuration', NAME), tlsVolume('tls', METRICS_ADAPTER_TLS_SECRET)],
      configuration: this.configuration,
    });
  }

  /** Without a caBundle: the adapter writes it, from the authority of the certificate that it has, also after that was renewed. */
  private defineApi(): void {
    const ports = [{ name: 'api', port: 443, protocol: 'TCP', targetPort: IntOrString.fromNumber(METRICS_ADAPTER_PORTS.api) }];
    new KubeService(this, 'service', { metadata: this.metadata, spec: { selector: selectorOf(NAME), ports } });
    new ApiObject(this, 'api', {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: API, labels: this.podLabels },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, service: { name: NAME, namespace: SYSTEM_NAMESPACE } },
    });
  }

  /** The API server has no label; it shows a certificate instead. */
  private restrict(): void {
    const workloads = adaptedWorkloads(this.context.environment);
    const applications = namespacesWith({ 'kubernetes.io/metadata.name': APPLICATION_NAMESPACE });
    this.restrictTraffic(
      [
        { peer: addressesOf('0.0.0.0/0'), ports: [METRICS_ADAPTER_PORTS.api] },
        { peer: namespacesWith(MONITORING_LABEL), ports: [METRICS_ADAPTER_PORTS.health] },
      ],
      [...new Set(workloads.map(({ port }) => port))].map((port) => ({ peer: applications, ports: [port] })),
    );
  }
}
