import { stringify } from 'yaml';
import {
  ETCD_CLIENT_PORT,
  etcdHost,
  etcdMemberNames,
  PATRONI_NAMESPACE,
  PATRONI_PORT,
  patroniScope,
  POSTGRES_PORT,
  postgresMemberCount,
  WAL_SEGMENT_MEBIBYTES,
} from '../topology/derive';
import { firstRole, hasPeers, peersOf, standbySlot } from '../topology/regions';
import type { Environment, Region } from '../topology/types';
import { PGDATA, TLS_DIRS, tlsFiles } from './paths';
import { pgHba, pgIdent } from './pg-hba';
import { clusterWideParameters, memberParameters } from './postgresql-parameters';

type Plain = Readonly<Record<string, unknown>>;

export const PATRONI_CONFIG_FILE = '10-patroni.yml';
/** Beside it while a restore is under way: how the cluster is made anew. */
export const RESTORE_CONFIG_FILE = '20-restore.yml';
/** Beside it; not `.yml`, or Patroni would read it as part of its own configuration. */
export const DYNAMIC_CONFIGURATION_FILE = 'dynamic-configuration.json';

/** images/patroni/bin/holdfast-rewind */
const REWIND_PROGRAM = '/usr/local/bin/holdfast-rewind';
/** From the Secret with the passwords, beside them: whom Patroni logs in as. Read again when it changes, without a restart. */
export const PATRONI_CREDENTIALS_FILE = '20-credentials.yml';

/** PostgreSQL roles that Patroni works with, as they are named until the first rotation (lib/services/rotation/roles.ts). */
export const PATRONI_ROLES = { superuser: 'postgres', replication: 'replicator', rewind: 'rewind' } as const;

/**
 * Patroni's dynamic configuration: lives in etcd, the same for every member. `bootstrap.dcs` carries it into a new cluster only; into one that exists it is
 * merged by every pod before it starts (k8s/cluster-configuration.ts).
 */
export const dynamicConfiguration = (environment: Environment, region: Region): Plain => {
  const { patroni, synchronousMode } = region.postgres;
  const strict = synchronousMode === 'strict';
  return {
    ttl: patroni.ttl,
    loop_wait: patroni.loopWait,
    retry_timeout: patroni.retryTimeout,
    maximum_lag_on_failover: patroni.maximumLagOnFailoverBytes,
    // Not `quorum`: it lost acknowledged writes in a double fault.
    synchronous_mode: strict,
    synchronous_mode_strict: strict,
    // Every standby: only a synchronous one may be promoted, and one that is not may have received more than the one that is. It would then have to be rewound
    // before the new primary has anybody to acknowledge its first commit (measured: 7 to 14 s more, in 2 of 26 failovers).
    synchronous_node_count: Math.max(1, postgresMemberCount(region) - 1),
    // A primary that reaches all other members goes on when etcd is lost.
    failsafe_mode: true,
    primary_start_timeout: patroni.primaryStartTimeout,
    ...standbySlots(environment, region),
    postgresql: {
      use_pg_rewind: true,
      use_slots: true,
      // A member that can't follow any more must not wait for a person: it is built anew.
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
      parameters: clusterWideParameters(region),
    },
  };
};

/** While this is the primary region, the write-ahead log is kept for the others; the slots are on every member, so that a failover loses none. */
const standbySlots = (environment: Environment, region: Region): Plain => {
  const slots = peersOf(environment, region).map((peer) => [standbySlot(peer), { type: 'physical', cluster_type: 'primary' }] as const);
  return slots.length === 0 ? {} : { slots: Object.fromEntries(slots) };
};

export const dynamicConfigurationJson = (environment: Environment, region: Region): string =>
  `${JSON.stringify(dynamicConfiguration(environment, region), null, 2)}\n`;

/** patroni.yml as an object. What differs between members (name, addresses, passwords) comes from the environment. */
export const patroniConfiguration = (environment: Environment, region: Region): Plain => ({
  scope: patroniScope(environment),
  namespace: PATRONI_NAMESPACE,
  log: { level: 'INFO', deduplicate_heartbeat_logs: true },
  restapi: restApi(),
  ctl: control(),
  etcd3: etcd3(region),
  bootstrap: bootstrap(environment, region),
  postgresql: postgresql(environment, region),
  // No watchdog device exists on EKS nodes: the supervisor beside Patroni takes its place.
  watchdog: { mode: 'off' },
});

/** Patroni reads YAML 1.1, where a bare `on` or `off` is a boolean: written for 1.1, such strings are quoted. */
export const patroniYaml = (environment: Environment, region: Region): string =>
  stringify(patroniConfiguration(environment, region), { version: '1.1', lineWidth: 0 });

const restApi = (): Plain => {
  const server = tlsFiles(TLS_DIRS.postgres);
  return {
    listen: `0.0.0.0:${PATRONI_PORT}`,
    certfile: server.cert,
    keyfile: server.key,
    cafile: server.ca,
    // Anyone who gets through may read (health checks have no certificate); what changes something needs one.
    verify_client: 'optional',
  };
};

/** How members (and patronictl) call each other's REST API. */
const control = (): Plain => {
  const client = tlsFiles(TLS_DIRS.patroniClient);
  return {
    cacert: client.ca,
    certfile: client.cert,
    keyfile: client.key,
    // Members advertise addresses, and certificates carry names. With a client certificate Patroni takes this as "the chain must be ours, the name may
    // differ" (patroni/request.py: only assert_hostname is dropped, CERT_REQUIRED stays).
    insecure: true,
  };
};

const etcd3 = (region: Region): Plain => {
  const client = tlsFiles(TLS_DIRS.etcdClient);
  return {
    hosts: etcdMemberNames(region).map((member) => `${etcdHost(member)}:${ETCD_CLIENT_PORT}`),
    protocol: 'https',
    cacert: client.ca,
    cert: client.cert,
    key: client.key,
  };
};

const bootstrap = (environment: Environment, region: Region): Plain => ({
  // Which region is the primary one is said here only: what is merged later must not undo a promotion.
  dcs: { ...dynamicConfiguration(environment, region), ...(hasPeers(environment) ? firstRole(environment, region) : {}) },
  initdb: [
    'data-checksums',
    { 'wal-segsize': String(WAL_SEGMENT_MEBIBYTES) },
    { encoding: 'UTF8' },
    // PostgreSQL's own collation: an index never depends on the C library of the node that built it.
    { 'locale-provider': 'builtin' },
    { 'builtin-locale': 'C.UTF-8' },
    { locale: 'C.UTF-8' },
    { 'auth-host': 'scram-sha-256' },
    { 'auth-local': 'scram-sha-256' },
  ],
  post_init: '/usr/local/bin/holdfast-post-init',
});

const postgresql = (environment: Environment, region: Region): Plain => ({
  listen: `0.0.0.0:${POSTGRES_PORT}`,
  bin_dir: `/usr/lib/postgresql/${region.postgres.version}/bin`,
  // What a demoted region alone has is written down before it is rewound (docs/adr/0770).
  ...(hasPeers(environment) ? { bin_name: { pg_rewind: REWIND_PROGRAM } } : {}),
  data_dir: PGDATA,
  pgpass: '/tmp/pgpass',
  use_unix_socket: true,
  use_unix_socket_repl: true,
  authentication: authentication(),
  pg_hba: pgHba(region),
  pg_ident: pgIdent(),
  create_replica_methods: ['basebackup'],
  // A spread checkpoint would delay the rebuilding of a member by minutes. Without a slot the copy's own stream does not report what it has flushed: with one it
  // counts as a synchronous standby while there is no other, and acknowledges commits that nobody could be promoted with (measured: for 6 s after a restore).
  basebackup: [{ checkpoint: 'fast' }, { 'max-rate': '1024M' }, 'no-slot'],
  parameters: memberParameters(environment, region),
});

const authentication = (): Plain => {
  const verifyCa = { sslmode: 'verify-ca', sslrootcert: tlsFiles(TLS_DIRS.postgres).ca };
  // Who replicates and rewinds comes with the password. The superuser has none to be rotated: it comes by the socket, and the kernel says who it is.
  // Copies: as one object they would be an alias in YAML, and Patroni would merge the password of one into the other.
  return { superuser: { username: PATRONI_ROLES.superuser, ...verifyCa }, replication: { ...verifyCa }, rewind: { ...verifyCa } };
};
