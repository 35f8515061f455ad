/** The memory keeper: tells people of pods that fill their memory, and replaces them before the kernel kills them (CS-7). */
import { IntOrString, KubeConfigMap } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { MEMORY_KEEPER_DIR, MEMORY_KEEPER_FILE, MEMORY_KEEPER_PORT, memoryKeeperConfig } from '../lib/services/memory-keeper';
import { CONTROLLER_RESOURCES } from '../lib/topology/controllers';
import { ControllerChart, slowStart } from './controller-chart';
import { type ChartContext, containerPorts } from './data-chart';
import { APPLICATION_NAMESPACE, MONITORING_LABEL, SYSTEM_NAMESPACE } from './names';
import { namespacesWith } from './network-policies';
import { configVolume, container, readOnly, resources } from './pods';

const NAME = 'memory-keeper';
const LEASE = 'holdfast-memory-keeper';

export class MemoryKeeperChart extends ControllerChart {
  private readonly configuration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, SYSTEM_NAMESPACE, context);
    const config = memoryKeeperConfig(context.environment, APPLICATION_NAMESPACE, SYSTEM_NAMESPACE);
    this.configuration = { [MEMORY_KEEPER_FILE]: `${JSON.stringify(config, null, 2)}\n` };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: this.configuration });
    this.defineAccount();
    this.defineRights();
    this.defineKeeper();
    this.restrictTraffic([{ peer: namespacesWith(MONITORING_LABEL), ports: [MEMORY_KEEPER_PORT] }]);
  }

  /** It may look, tell and evict; it may delete nothing: an eviction asks the disruption budget. */
  private defineRights(): void {
    this.allowIn(APPLICATION_NAMESPACE, [
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['list'] },
      { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
    ]);
    this.allowIn(SYSTEM_NAMESPACE, [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [LEASE], verbs: ['get', 'patch'] },
      // A name can't be required of what does not exist yet.
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    ]);
  }

  private defineKeeper(): void {
    const { platform } = this.context;
    const probe = (path: string) => ({ httpGet: { path, port: IntOrString.fromNumber(MEMORY_KEEPER_PORT) }, failureThreshold: 3 });
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
            '/opt/holdfast/memory-keeper.js',
            `${MEMORY_KEEPER_DIR}/${MEMORY_KEEPER_FILE}`,
          ],
          ports: containerPorts({ metrics: MEMORY_KEEPER_PORT }),
          resources: resources(CONTROLLER_RESOURCES[NAME]),
          readinessProbe: { ...probe('/health/ready'), periodSeconds: 5, timeoutSeconds: 2 },
          startupProbe: slowStart(probe('/health/live')),
          livenessProbe: { ...probe('/health/live'), periodSeconds: 10, timeoutSeconds: 3 },
          volumeMounts: [readOnly('configuration', MEMORY_KEEPER_DIR)],
        }),
      ],
      volumes: [configVolume('configuration', NAME)],
      configuration: this.configuration,
    });
  }
}
