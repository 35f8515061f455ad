import { JsonPatch } from 'cdk8s';
import { type Container, type EnvVar, IntOrString, KubeStatefulSet, type PodSpec } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { PATRONI_CONFIG_DIR, POSTGRES_DATA_MOUNT, POSTGRES_SOCKET_DIR, RESTORE_REQUEST_DIR, ROLES_DIR, TLS_DIRS } from '../lib/services/paths';
import { memberPgbackrestConf, PGBACKREST_CONFIG_FILE } from '../lib/services/pgbackrest';
import {
  DYNAMIC_CONFIGURATION_FILE,
  dynamicConfigurationJson,
  PATRONI_CONFIG_FILE,
  PATRONI_CREDENTIALS_FILE,
  PATRONI_ROLES,
  patroniYaml,
  RESTORE_CONFIG_FILE,
} from '../lib/services/patroni';
import { ROLES_FILE } from '../lib/services/rotation/roles';
import {
  BACKUP_SERVER_PORT,
  ETCD_CLIENT_PORT,
  PATRONI_PORT,
  patroniScope,
  POSTGRES_PORT,
  postgresMemberCount,
  postgresName,
  restoreRequestName,
} from '../lib/topology/derive';
import { hasPeers, LEADER_PORT, REGION_STATUS_PORT } from '../lib/topology/regions';
import { BACKUP_ENV, backupServer, pgbackrestVolumes, repositoryMounts, STORE_EGRESS } from './backup-parts';
import { requestPostgresCertificates } from './certificates';
import { mergeClusterConfiguration } from './cluster-configuration';
import { type ChartContext, containerPorts, DataChart } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { CREDENTIAL_KEYS, CREDENTIALS_SECRET, MONITORING_LABEL, REPOSITORY_ACCOUNT, selectorOf, TLS_SECRETS, ZONE_LABEL } from './names';
import { allowTraffic, namespacesWith, podsOf } from './network-policies';
import {
  configurationHash,
  container,
  dataVolumeClaim,
  fieldEnv,
  memoryVolume,
  podDefaults,
  projectedVolume,
  readOnly,
  resources,
  secretEnv,
  secretFileVolume,
  stayOnDeadNode,
  tlsVolume,
} from './pods';
import { patchedObject } from './patched-object';
import { gatewayEgress } from './region-gateway';
import { heartbeat } from './heartbeat';
import { leaseKeeper, leaseKeeperConfiguration, leaseKeeperIngress } from './lease-keeper';
import { guardConfiguration, guardRegion, lostRowsEnv } from './region-guard';
import { fetchPostgresCredentials } from './secrets';
import { overNodes, overZones } from './spread';

const COMPONENT = 'postgres';
const PORTS = { postgres: POSTGRES_PORT, patroni: PATRONI_PORT };
/** Patroni re-reads its files, and PostgreSQL its certificates, when one of these changes. */
const WATCHED = [PATRONI_CONFIG_DIR, ROLES_DIR, TLS_DIRS.postgres, TLS_DIRS.etcdClient, TLS_DIRS.patroniClient];
/** A planned handover takes about two seconds; after this the pod stops anyway, and the others fail over. */
const HANDOVER_TIMEOUT_SECONDS = 30;

/** libpq takes 2 s at least. */
const GATEWAY_CONNECT_TIMEOUT_SECONDS = 3;

const CONFIGURATION_MOUNT = readOnly('configuration', PATRONI_CONFIG_DIR);
const POSTGRES_TLS_MOUNT = readOnly('postgres-tls', TLS_DIRS.postgres);
const ETCD_CLIENT_MOUNT = readOnly('etcd-client-tls', TLS_DIRS.etcdClient);
const GUARD_MOUNTS = [CONFIGURATION_MOUNT, ETCD_CLIENT_MOUNT, POSTGRES_TLS_MOUNT];

/** PostgreSQL under Patroni: one member per zone (or more), each with its volume. */
export class PostgresChart extends DataChart {
  private readonly name: string;
  private readonly configuration: Record<string, string>;
  private readonly backupConfiguration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext) {
    super(scope, COMPONENT, 'postgres', context);
    this.name = postgresName(context.region);
    this.configuration = {
      [PATRONI_CONFIG_FILE]: patroniYaml(context.environment, context.region),
      [DYNAMIC_CONFIGURATION_FILE]: dynamicConfigurationJson(context.environment, context.region),
      ...guardConfiguration(context),
      ...leaseKeeperConfiguration(context),
    };
    this.backupConfiguration = { [PGBACKREST_CONFIG_FILE]: memberPgbackrestConf(context.environment, context.region, context.platform.backups) };
    this.configMap(this.name, this.configuration);
    this.configMap(`${this.name}-backup`, this.backupConfiguration, 'backup-configuration');
    this.headlessService(this.name, PORTS);
    this.defineMembers();
    this.restrictTraffic();
    disruptOneAtATime(this, COMPONENT);
    if (context.platform.certificates === 'cert-manager') requestPostgresCertificates(this, context);
    if (context.platform.secrets === 'aws-secrets-manager') fetchPostgresCredentials(this, context);
  }

  private defineMembers(): void {
    const { environment, region } = this.context;
    const members: unknown = KubeStatefulSet.manifest({
      metadata: this.metadata(this.name),
      spec: {
        serviceName: this.name,
        replicas: postgresMemberCount(region),
        selector: { matchLabels: selectorOf(COMPONENT) },
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
        // After one member of a rollout is ready, its standby needs a moment to be synchronous again before the next one goes.
        minReadySeconds: 10,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: environment.retainData ? 'Retain' : 'Delete', whenScaled: 'Retain' },
        template: {
          metadata: {
            labels: { ...this.podLabels, 'holdfast.dev/scope': patroniScope(environment) },
            annotations: configurationHash({ ...this.configuration, ...this.backupConfiguration }),
          },
          spec: this.podSpec(),
        },
        volumeClaimTemplates: [dataVolumeClaim(region.postgres.storage)],
      },
    });
    patchedObject(this, 'members-set', members, this.pairedWithEtcd());
  }

  /**
   * Member i runs in the zone of etcd-i, so that "etcd's leader is not in the primary's zone" is a comparison of two numbers. The pod-index key takes the
   * value of the pod that is being scheduled (`matchLabelKeys`, newer than the typed imports).
   */
  private pairedWithEtcd(): JsonPatch {
    const { region } = this.context;
    if (postgresMemberCount(region) > region.etcd.members) {
      throw new Error(
        `${region.name}: ${postgresMemberCount(region)} PostgreSQL members need as many etcd members to be paired with, and there are ${region.etcd.members}; ` +
          'lower postgres.membersPerAz or raise etcd.members',
      );
    }
    const term = { topologyKey: ZONE_LABEL, labelSelector: { matchLabels: selectorOf('etcd') }, matchLabelKeys: ['apps.kubernetes.io/pod-index'] };
    return JsonPatch.add('/spec/template/spec/affinity', { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } });
  }

  private podSpec(): PodSpec {
    const { region } = this.context;
    return {
      ...podDefaults,
      terminationGracePeriodSeconds: 60,
      topologySpreadConstraints: [overZones(COMPONENT, region), overNodes(COMPONENT)],
      tolerations: stayOnDeadNode,
      // No rights in the cluster: only the role by which it reaches its backups.
      serviceAccountName: REPOSITORY_ACCOUNT,
      initContainers: [
        ...guardRegion(this.context, GUARD_MOUNTS, [fieldEnv('POD_NAME', 'metadata.name'), ...replicationEnv()]),
        this.setAside(),
        mergeClusterConfiguration(this.context, [CONFIGURATION_MOUNT, ETCD_CLIENT_MOUNT]),
      ],
      containers: [this.patroniContainer(), backupServer(this.context), ...heartbeat(this.context, superuserEnv()), ...leaseKeeper(this.context, GUARD_MOUNTS)],
      volumes: [
        // With the passwords in one volume, so that Patroni reads both as one configuration, and reads them again when either changes. While a restore is under
        // way it finds its bootstrap method there, too; otherwise that ConfigMap does not exist.
        projectedVolume('configuration', [
          { configMap: { name: this.name } },
          { secret: { name: CREDENTIALS_SECRET, items: [{ key: PATRONI_CREDENTIALS_FILE, path: PATRONI_CREDENTIALS_FILE }] } },
          { configMap: { name: restoreRequestName(region), optional: true, items: [{ key: RESTORE_CONFIG_FILE, path: RESTORE_CONFIG_FILE }] } },
        ]),
        secretFileVolume('roles', CREDENTIALS_SECRET, ROLES_FILE),
        { name: 'restore', configMap: { name: restoreRequestName(region), optional: true } },
        ...pgbackrestVolumes(`${this.name}-backup`),
        tlsVolume('postgres-tls', TLS_SECRETS.postgres),
        tlsVolume('etcd-client-tls', TLS_SECRETS.etcdClient),
        tlsVolume('patroni-client-tls', TLS_SECRETS.patroniClient),
        memoryVolume('run', 16),
        memoryVolume('tmp', 32),
        // Parallel queries share memory through files here; the container runtime's own 64 MiB are too few.
        memoryVolume('shm', Math.max(64, Math.floor(region.postgres.resources.memory / 8))),
      ],
    };
  }

  private setAside(): Container {
    const { region, platform } = this.context;
    return container({
      name: 'set-aside',
      image: platform.images.patroni,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['holdfast-set-aside', POSTGRES_DATA_MOUNT, RESTORE_REQUEST_DIR],
      resources: resources(region.postgres.resources),
      volumeMounts: [{ name: 'data', mountPath: POSTGRES_DATA_MOUNT }, readOnly('restore', RESTORE_REQUEST_DIR)],
    });
  }

  private patroniContainer(): Container {
    const { region, platform } = this.context;
    return container({
      name: 'postgres',
      image: platform.images.patroni,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['holdfast-supervise'],
      env: [...identityEnv(), ...credentialsEnv(), ...this.behaviourEnv(), ...BACKUP_ENV],
      ports: containerPorts(PORTS),
      resources: resources(region.postgres.resources),
      // Ready: the leader, or a standby that streams. There is no liveness probe: Patroni's `/liveness` fails while etcd or DNS is away, when a restart would
      // only take a good database down. `holdfast-supervise`, the container's first process, restarts a Patroni that hangs, and leaves PostgreSQL running.
      readinessProbe: {
        httpGet: { path: '/readiness', port: IntOrString.fromNumber(PATRONI_PORT), scheme: 'HTTPS' },
        periodSeconds: 2,
        timeoutSeconds: 2,
        failureThreshold: 2,
      },
      lifecycle: { preStop: { exec: { command: ['holdfast-handover'] } } },
      volumeMounts: [
        { name: 'data', mountPath: POSTGRES_DATA_MOUNT },
        { name: 'run', mountPath: POSTGRES_SOCKET_DIR },
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'shm', mountPath: '/dev/shm' },
        CONFIGURATION_MOUNT,
        POSTGRES_TLS_MOUNT,
        ETCD_CLIENT_MOUNT,
        readOnly('patroni-client-tls', TLS_DIRS.patroniClient),
        readOnly('roles', ROLES_DIR),
        ...repositoryMounts,
      ],
    });
  }

  private behaviourEnv(): EnvVar[] {
    const { database, applicationRole, supervision } = this.context.region.postgres;
    return [
      { name: 'HOLDFAST_DATABASE', value: database },
      { name: 'HOLDFAST_APPLICATION_ROLE', value: applicationRole },
      { name: 'HOLDFAST_PROBE_INTERVAL', value: String(supervision.probeInterval) },
      { name: 'HOLDFAST_PROBE_TIMEOUT', value: String(supervision.probeTimeout) },
      { name: 'HOLDFAST_PROBE_FAILURES', value: String(supervision.probeFailures) },
      { name: 'HOLDFAST_HANDOVER_TIMEOUT', value: String(HANDOVER_TIMEOUT_SECONDS) },
      { name: 'HOLDFAST_WATCHED', value: WATCHED.join(':') },
      ...this.regionEnv(),
    ];
  }

  /** Between regions: how long a gateway's address that is silent holds up the next one; and what a member looks at before it is rewound. */
  private regionEnv(): EnvVar[] {
    const { environment } = this.context;
    if (!hasPeers(environment)) return [];
    return [{ name: 'PGCONNECT_TIMEOUT', value: String(GATEWAY_CONNECT_TIMEOUT_SECONDS) }, ...lostRowsEnv(this.context)];
  }

  private restrictTraffic(): void {
    const members = { peer: podsOf(COMPONENT), ports: [POSTGRES_PORT, PATRONI_PORT] };
    allowTraffic(
      this,
      COMPONENT,
      [
        members,
        { peer: podsOf('pgbouncer'), ports: [POSTGRES_PORT, PATRONI_PORT] },
        { peer: podsOf('backup'), ports: [BACKUP_SERVER_PORT] },
        { peer: podsOf('maintenance'), ports: [POSTGRES_PORT] },
        { peer: podsOf('rotation'), ports: [POSTGRES_PORT] },
        { peer: namespacesWith(MONITORING_LABEL), ports: [PATRONI_PORT] },
        ...leaseKeeperIngress(this.context),
      ],
      [members, { peer: podsOf('etcd'), ports: [ETCD_CLIENT_PORT] }, ...gatewayEgress(this.context, [LEADER_PORT, REGION_STATUS_PORT]), STORE_EGRESS],
    );
  }
}

/** Who this member is. Addresses, not names: nobody needs DNS to reach a new primary. */
const identityEnv = (): EnvVar[] => [
  fieldEnv('POD_NAME', 'metadata.name'),
  fieldEnv('POD_IP', 'status.podIP'),
  fieldEnv('PATRONI_NAME', 'metadata.name'),
  { name: 'PATRONI_POSTGRESQL_CONNECT_ADDRESS', value: `$(POD_IP):${POSTGRES_PORT}` },
  { name: 'PATRONI_RESTAPI_CONNECT_ADDRESS', value: `$(POD_IP):${PATRONI_PORT}` },
];

const superuserEnv = (): EnvVar[] => [
  { name: 'PATRONI_SUPERUSER_USERNAME', value: PATRONI_ROLES.superuser },
  secretEnv('PATRONI_SUPERUSER_PASSWORD', CREDENTIALS_SECRET, CREDENTIAL_KEYS.superuser),
];

const replicationEnv = (): EnvVar[] => [
  { name: 'PATRONI_REPLICATION_USERNAME', value: PATRONI_ROLES.replication },
  secretEnv('PATRONI_REPLICATION_PASSWORD', CREDENTIALS_SECRET, CREDENTIAL_KEYS.replication),
];

/** Only what is used once, when a cluster is made. What Patroni logs in with later comes from a file: a process keeps the environment that it was started with. */
const credentialsEnv = (): EnvVar[] => [...superuserEnv(), secretEnv('HOLDFAST_APPLICATION_PASSWORD', CREDENTIALS_SECRET, CREDENTIAL_KEYS.application)];
