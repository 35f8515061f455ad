import { type Container, IntOrString, KubeStatefulSet, type PodSpec } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { delayedConfiguration, ISOLATED_CONFIG_DIR, ISOLATED_FILES } from '../lib/services/isolated-postgres';
import { PGDATA, POSTGRES_DATA_MOUNT, POSTGRES_SOCKET_DIR, RESTORE_REQUEST_DIR, TLS_DIRS } from '../lib/services/paths';
import { delayedPgbackrestConf, PGBACKREST_CONFIG_FILE } from '../lib/services/pgbackrest';
import { backupStanza, delayedReplicaName, POSTGRES_PORT, restoreRequestName } from '../lib/topology/derive';
import { BACKUP_ENV, pgbackrestVolumes, repositoryMounts, STORE_EGRESS } from './backup-parts';
import { type ChartContext, containerPorts, DataChart } from './data-chart';
import { REPOSITORY_ACCOUNT, selectorOf, TLS_SECRETS } from './names';
import { allowTraffic, podsOf } from './network-policies';
import { configurationHash, configVolume, container, dataVolumeClaim, memoryVolume, podDefaults, readOnly, resources, tlsVolume } from './pods';

const COMPONENT = 'postgres-delayed';
const PORTS = { postgres: POSTGRES_PORT };

/** One standby that stays behind on purpose, fed by the archive alone: no member of the cluster, so that no failover knows it. */
export class DelayedReplicaChart extends DataChart {
  private readonly name: string;
  private readonly configuration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext, delaySeconds: number) {
    super(scope, COMPONENT, 'delayed-replica', context);
    const { environment, region, platform } = context;
    this.name = delayedReplicaName(region);
    this.configuration = {
      ...delayedConfiguration(environment, region, delaySeconds),
      [PGBACKREST_CONFIG_FILE]: delayedPgbackrestConf(environment, region, platform.backups),
    };
    this.configMap(this.name, this.configuration);
    this.headlessService(this.name, PORTS);
    this.defineReplica();
    allowTraffic(this, COMPONENT, [{ peer: podsOf('backup'), ports: [POSTGRES_PORT] }], [STORE_EGRESS]);
  }

  private defineReplica(): void {
    const { environment, region } = this.context;
    new KubeStatefulSet(this, 'replica', {
      metadata: this.metadata(this.name),
      spec: {
        serviceName: this.name,
        replicas: 1,
        selector: { matchLabels: selectorOf(COMPONENT) },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: environment.retainData ? 'Retain' : 'Delete', whenScaled: 'Retain' },
        template: { metadata: { labels: this.podLabels, annotations: configurationHash(this.configuration) }, spec: this.podSpec() },
        volumeClaimTemplates: [dataVolumeClaim(region.postgres.storage)],
      },
    });
  }

  private podSpec(): PodSpec {
    return {
      ...podDefaults,
      serviceAccountName: REPOSITORY_ACCOUNT,
      terminationGracePeriodSeconds: 60,
      containers: [this.container()],
      volumes: [
        ...pgbackrestVolumes(this.name),
        configVolume('configuration', this.name),
        { name: 'restore', configMap: { name: restoreRequestName(this.context.region), optional: true } },
        tlsVolume('postgres-tls', TLS_SECRETS.postgres),
        memoryVolume('run', 16),
        memoryVolume('tmp', 32),
        memoryVolume('shm', Math.max(64, Math.floor(this.context.region.postgres.resources.memory / 8))),
      ],
    };
  }

  private container(): Container {
    const { environment, region, platform } = this.context;
    return container({
      name: 'postgres',
      image: platform.images.patroni,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['holdfast-delayed', backupStanza(environment), `${ISOLATED_CONFIG_DIR}/${ISOLATED_FILES.conf}`, RESTORE_REQUEST_DIR],
      env: [...BACKUP_ENV, { name: 'PGDATA', value: PGDATA }],
      ports: containerPorts(PORTS),
      resources: resources(region.postgres.resources),
      readinessProbe: { tcpSocket: { port: IntOrString.fromNumber(POSTGRES_PORT) }, periodSeconds: 10 },
      volumeMounts: [
        { name: 'data', mountPath: POSTGRES_DATA_MOUNT },
        { name: 'run', mountPath: POSTGRES_SOCKET_DIR },
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'shm', mountPath: '/dev/shm' },
        readOnly('configuration', ISOLATED_CONFIG_DIR),
        readOnly('restore', RESTORE_REQUEST_DIR),
        readOnly('postgres-tls', TLS_DIRS.postgres),
        ...repositoryMounts,
      ],
    });
  }
}
