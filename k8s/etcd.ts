import { type Container, IntOrString, KubeStatefulSet, type PodSpec, type Probe } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { ETCD_METRICS_PORT, etcdFlags } from '../lib/services/etcd';
import { ETCD_DATA_MOUNT, TLS_DIRS } from '../lib/services/paths';
import { ETCD_CLIENT_PORT, ETCD_PEER_PORT } from '../lib/topology/derive';
import { requestEtcdCertificates } from './certificates';
import { type ChartContext, containerPorts, DataChart } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { MONITORING_LABEL, selectorOf, TLS_SECRETS } from './names';
import { allowTraffic, namespacesWith, podsOf } from './network-policies';
import { container, dataVolumeClaim, fieldEnv, podDefaults, readOnly, resources, stayOnDeadNode, tlsVolume } from './pods';
import { overNodes, overZones } from './spread';

const NAME = 'etcd';
const PORTS = { client: ETCD_CLIENT_PORT, peer: ETCD_PEER_PORT, metrics: ETCD_METRICS_PORT };

/** The coordination store: Patroni's leader lease lives here. */
export class EtcdChart extends DataChart {
  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, NAME, context);
    this.headlessService(NAME, PORTS);
    this.defineMembers();
    this.restrictTraffic();
    disruptOneAtATime(this, NAME);
    if (context.platform.certificates === 'cert-manager') requestEtcdCertificates(this, context);
  }

  private defineMembers(): void {
    const { environment, region } = this.context;
    new KubeStatefulSet(this, 'members-set', {
      metadata: this.metadata(NAME),
      spec: {
        serviceName: NAME,
        replicas: region.etcd.members,
        selector: { matchLabels: selectorOf(NAME) },
        // All at once: a member alone can't become ready, it needs a majority.
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
        minReadySeconds: 5,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: environment.retainData ? 'Retain' : 'Delete', whenScaled: 'Retain' },
        template: { metadata: { labels: this.podLabels }, spec: this.podSpec() },
        volumeClaimTemplates: [dataVolumeClaim(region.etcd.storage)],
      },
    });
  }

  private podSpec(): PodSpec {
    return {
      ...podDefaults,
      terminationGracePeriodSeconds: 30,
      topologySpreadConstraints: [overZones(NAME, this.context.region), overNodes(NAME)],
      tolerations: stayOnDeadNode,
      containers: [this.etcdContainer()],
      volumes: [tlsVolume('peer-tls', TLS_SECRETS.etcdPeer), tlsVolume('server-tls', TLS_SECRETS.etcdServer)],
    };
  }

  private etcdContainer(): Container {
    const { environment, region, platform } = this.context;
    return container({
      name: NAME,
      image: platform.images.etcd,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['/usr/bin/etcd'],
      args: [...etcdFlags(environment, region, '$(POD_NAME)')],
      env: [fieldEnv('POD_NAME', 'metadata.name')],
      ports: containerPorts(PORTS),
      resources: resources(region.etcd.resources),
      // Ready: it takes part in a majority. Its name stays known either way (publishNotReadyAddresses); drains and rollouts wait for this.
      readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
      // Alive: it answers from its own memory. A member without a majority is alive; restarting it would only make things worse.
      livenessProbe: probe('/livez', { initialDelaySeconds: 30, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
      volumeMounts: [{ name: 'data', mountPath: ETCD_DATA_MOUNT }, readOnly('peer-tls', TLS_DIRS.etcdPeer), readOnly('server-tls', TLS_DIRS.etcdServer)],
    });
  }

  private restrictTraffic(): void {
    allowTraffic(
      this,
      NAME,
      [
        { peer: podsOf(NAME), ports: [ETCD_PEER_PORT] },
        { peer: podsOf('postgres'), ports: [ETCD_CLIENT_PORT] },
        { peer: podsOf('pgbouncer'), ports: [ETCD_CLIENT_PORT] },
        { peer: podsOf('backup'), ports: [ETCD_CLIENT_PORT] },
        { peer: namespacesWith(MONITORING_LABEL), ports: [ETCD_METRICS_PORT] },
      ],
      [{ peer: podsOf(NAME), ports: [ETCD_PEER_PORT] }],
    );
  }
}

const probe = (path: string, timing: Omit<Probe, 'httpGet'>): Probe => ({ httpGet: { path, port: IntOrString.fromNumber(ETCD_METRICS_PORT) }, ...timing });
