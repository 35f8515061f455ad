/** What looks at the certificates that are served, on every port and by every pod: in namespace `data`, whose ports let nobody else in. */
import { IntOrString, KubeConfigMap, KubeDeployment, KubeNetworkPolicy, KubeService, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import {
  ACME_TRUST_CONFIG_MAP,
  ACME_TRUST_DIR,
  configText,
  MONITOR,
  MONITOR_CA_DIR,
  MONITOR_CONFIG_DIR,
  MONITOR_PORT,
  monitorConfig,
  type WatchedPort,
} from '../lib/services/certificates';
import { mebibytes, millicores } from '../lib/topology/units';
import { ControllerChart, kubernetesApi } from './controller-chart';
import { type ChartContext, containerPorts, servicePorts } from './data-chart';
import { APPLICATION_NAMESPACE, MONITORING_LABEL, NAMESPACE, selectorOf, TLS_SECRETS } from './names';
import { addressesOf, allowTraffic, namespacesWith } from './network-policies';
import { caVolume, configurationHash, configVolume, container, leaveDeadNodeAfter, podDefaults, readOnly, resources } from './pods';
import { ROLLOUT } from './stateless';

const REPLACED_AFTER_SECONDS = 60;

export class CertificateMonitorChart extends ControllerChart {
  constructor(scope: Construct, context: ChartContext) {
    super(scope, MONITOR, NAMESPACE, context);
    const { environment, region, platform } = context;
    const config = monitorConfig(environment, region, platform.acme.kind);
    const configuration = { [`${MONITOR}.json`]: configText(config) };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: configuration });
    this.defineAccount();
    // Where pods are; it reads no Secret.
    for (const namespace of new Set(config.ports.map((port) => port.namespace)))
      this.allowIn(namespace, [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    this.defineMonitor(configuration);
    this.defineService();
    const ports = [...new Set(config.ports.map(({ port }) => port))];
    allowTraffic(
      this,
      MONITOR,
      [{ peer: namespacesWith(MONITORING_LABEL), ports: [MONITOR_PORT] }],
      [
        kubernetesApi,
        ...[NAMESPACE, APPLICATION_NAMESPACE].map((name) => ({ peer: namespacesWith({ 'kubernetes.io/metadata.name': name }), ports })),
        // Public names, wherever they lead.
        { peer: addressesOf('0.0.0.0/0'), ports: [443] },
      ],
    );
    this.openPorts(config.ports);
  }

  /** Policies add up: what a component lets in besides is said here, and its own chart need not know of this one. */
  private openPorts(watched: readonly WatchedPort[]): void {
    const monitor = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } }, podSelector: { matchLabels: selectorOf(MONITOR) } };
    for (const component of new Set(watched.map((port) => port.component))) {
      const ports = watched.filter((port) => port.component === component);
      const [{ namespace } = { namespace: NAMESPACE }] = ports;
      new KubeNetworkPolicy(this, `look-at-${component}`, {
        metadata: this.metadataIn(namespace, `${MONITOR}-${component}`),
        spec: {
          podSelector: { matchLabels: { 'app.kubernetes.io/name': component } },
          policyTypes: ['Ingress'],
          ingress: [{ from: [monitor], ports: ports.map(({ port }) => ({ protocol: 'TCP', port: IntOrString.fromNumber(port) })) }],
        },
      });
    }
  }

  private defineService(): void {
    new KubeService(this, 'service', { metadata: this.metadata, spec: { selector: selectorOf(MONITOR), ports: servicePorts({ metrics: MONITOR_PORT }) } });
  }

  private defineMonitor(configuration: Readonly<Record<string, string>>): void {
    const { platform } = this.context;
    const lab = platform.acme.kind === 'lab';
    const trust: Volume[] = lab ? [configVolume('trust', ACME_TRUST_CONFIG_MAP)] : [];
    const probe = { httpGet: { path: '/health', port: IntOrString.fromNumber(MONITOR_PORT) }, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 };
    new KubeDeployment(this, 'deployment', {
      metadata: this.metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: selectorOf(MONITOR) },
        strategy: ROLLOUT,
        template: {
          metadata: { labels: this.podLabels, annotations: configurationHash(configuration) },
          spec: {
            ...podDefaults,
            automountServiceAccountToken: true,
            serviceAccountName: MONITOR,
            tolerations: leaveDeadNodeAfter(REPLACED_AFTER_SECONDS),
            containers: [
              container({
                name: MONITOR,
                image: platform.images.agent,
                imagePullPolicy: platform.imagePullPolicy,
                command: ['node', '--max-old-space-size=48', '--max-semi-space-size=1', '/opt/holdfast/certificate-monitor.js'],
                ports: containerPorts({ metrics: MONITOR_PORT }),
                resources: resources({ cpu: millicores(10), memory: mebibytes(128), cpuLimit: millicores(500) }),
                readinessProbe: probe,
                volumeMounts: [
                  readOnly('configuration', MONITOR_CONFIG_DIR),
                  readOnly('ca', MONITOR_CA_DIR),
                  ...(lab ? [readOnly('trust', ACME_TRUST_DIR)] : []),
                ],
              }),
            ],
            volumes: [configVolume('configuration', MONITOR), caVolume('ca', TLS_SECRETS.pgbouncer), ...trust],
          },
        },
      },
    });
  }
}
