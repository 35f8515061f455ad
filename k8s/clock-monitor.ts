/** On every node: how far its clock is off. It sets nothing, and needs no rights. */
import { IntOrString, KubeConfigMap, KubeDaemonSet, KubeNetworkPolicy } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CLOCK_MONITOR, CLOCK_MONITOR_CONFIG_DIR, CLOCK_MONITOR_PORT, clockMonitorConfig, configText } from '../lib/services/certificates';
import { mebibytes, millicores } from '../lib/topology/units';
import { ControllerChart } from './controller-chart';
import { type ChartContext, containerPorts } from './data-chart';
import { MONITORING_LABEL, NAMESPACE, selectorOf } from './names';
import { allowTraffic, namespacesWith } from './network-policies';
import { configurationHash, configVolume, container, fieldEnv, podDefaults, readOnly, resources } from './pods';

const NTP_PORT = 123;

export class ClockMonitorChart extends ControllerChart {
  constructor(scope: Construct, context: ChartContext) {
    super(scope, CLOCK_MONITOR, NAMESPACE, context);
    const configuration = { [`${CLOCK_MONITOR}.json`]: configText(clockMonitorConfig(context.environment)) };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: configuration });
    this.defineMonitors(configuration);
    allowTraffic(this, CLOCK_MONITOR, [{ peer: namespacesWith(MONITORING_LABEL), ports: [CLOCK_MONITOR_PORT] }], []);
    this.allowTime();
  }

  /** Servers may be anywhere, and speak UDP. */
  private allowTime(): void {
    const ports = [{ protocol: 'UDP', port: IntOrString.fromNumber(NTP_PORT) }];
    new KubeNetworkPolicy(this, 'time-policy', {
      metadata: this.metadataIn(NAMESPACE, `${CLOCK_MONITOR}-time`),
      spec: { podSelector: { matchLabels: selectorOf(CLOCK_MONITOR) }, policyTypes: ['Egress'], egress: [{ ports }] },
    });
  }

  private defineMonitors(configuration: Readonly<Record<string, string>>): void {
    const { platform } = this.context;
    new KubeDaemonSet(this, 'monitors', {
      metadata: this.metadata,
      spec: {
        selector: { matchLabels: selectorOf(CLOCK_MONITOR) },
        updateStrategy: { type: 'RollingUpdate' },
        template: {
          metadata: { labels: this.podLabels, annotations: configurationHash(configuration) },
          spec: {
            ...podDefaults,
            // Every node has a clock, also one that takes nothing else.
            tolerations: [{ operator: 'Exists' }],
            containers: [
              container({
                name: CLOCK_MONITOR,
                image: platform.images.agent,
                imagePullPolicy: platform.imagePullPolicy,
                command: ['node', '--max-old-space-size=24', '--max-semi-space-size=1', '/opt/holdfast/clock-monitor.js'],
                env: [fieldEnv('NODE_NAME', 'spec.nodeName')],
                ports: containerPorts({ metrics: CLOCK_MONITOR_PORT }),
                resources: resources({ cpu: millicores(5), memory: mebibytes(96), cpuLimit: millicores(200) }),
                readinessProbe: { httpGet: { path: '/health', port: IntOrString.fromNumber(CLOCK_MONITOR_PORT) }, periodSeconds: 10, timeoutSeconds: 3 },
                volumeMounts: [readOnly('configuration', CLOCK_MONITOR_CONFIG_DIR)],
              }),
            ],
            volumes: [configVolume('configuration', CLOCK_MONITOR)],
          },
        },
      },
    });
  }
}
