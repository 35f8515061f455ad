import { configKey, etcdEndpoints, leaderKey, memberKey, POOLER_PORT, postgresMemberCount } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import {
  FAILOVER_CLIENT,
  gatewayAddresses,
  hasPeers,
  LEADER_PORT,
  localDatabase,
  localPoolSize,
  peersOf,
  REGION_STATUS_PORT,
  regionStatusAddresses,
  type StandbyCluster,
  standbyClusterOf,
} from '../topology/regions';
import { PGBOUNCER_CONFIG_DIR, PGBOUNCER_DATABASES_FILE, PGBOUNCER_RUN_DIR, TLS_DIRS, tlsFiles } from './paths';

export const FOLLOWER_PORT = 9187;
export const FOLLOWER_CONFIG_FILE = 'follower.json';

/** What the leader follower reads at its start (JSON). All paths are those inside its container, all durations seconds. */
export interface FollowerConfig {
  readonly etcd: { readonly endpoints: readonly string[]; readonly ca: string; readonly cert: string; readonly key: string };
  /** Patroni's leader key: its value is the leader's member name. */
  readonly leaderKey: string;
  /** Patroni's member keys begin with this; what follows is the member's name. */
  readonly membersPrefix: string;
  /** CA of the members' REST API certificates; checked without the host name, because members advertise addresses. */
  readonly patroniCa: string;
  readonly pollIntervalSeconds: number;
  readonly requestTimeoutSeconds: number;
  readonly pgbouncer: {
    /** Directory of PgBouncer's unix socket: its admin console trusts the same uid there. */
    readonly socketDir: string;
    readonly port: number;
    readonly databasesFile: string;
    readonly database: string;
    readonly applicationRole: string;
  };
  /** Whether this follower keeps etcd's leader off the primary's zone. */
  readonly etcdPlacement: boolean;
  /** Mounted Secrets of PgBouncer: when the kubelet replaces one, PgBouncer is told to read its files again. */
  readonly watched: readonly string[];
  /** PostgreSQL member `<name>-i` runs in the zone of etcd member `etcd-i`. */
  readonly etcdMemberOrdinals: true;
  readonly listen: { readonly host: string; readonly port: number };
  /** In an environment of several regions. */
  readonly regions?: RegionsConfig;
}

/** Another region as this one sees it. */
export interface PeerConfig {
  readonly name: string;
  /** Of its poolers and its leader. */
  readonly gateways: readonly string[];
  /** Of its followers' word on what the region is. */
  readonly status: readonly string[];
  /** What this region's Patroni needs to follow that one. */
  readonly standbyCluster: StandbyCluster;
}

export interface RegionsConfig {
  readonly self: string;
  readonly peers: readonly PeerConfig[];
  /** Patroni's dynamic configuration: says whether this region follows another. */
  readonly configKey: string;
  /** What this follower shows to other regions: certificate and key that their CA has signed. */
  readonly certificate: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly statusPort: number;
  readonly leaderPort: number;
  /** Under this name PgBouncer offers the region's own rows, while they are not older than the bound. */
  readonly localDatabase: string;
  readonly localPoolSize: number;
  readonly stalenessBoundSeconds: number;
  /** Where regions fail over: by whom and how this one may be told what to do. */
  readonly door?: DoorConfig;
}

export interface DoorConfig {
  /** The common name of the client certificate whose holder gives orders; to look in, any certificate of our authority will do. */
  readonly orderedBy: string;
  readonly expectedMembers: number;
  /** The model's, for a region that is promoted. */
  readonly primaryStartTimeoutSeconds: number;
}

export const followerConfig = (environment: Environment, region: Region): FollowerConfig => ({
  etcd: { endpoints: etcdEndpoints(region), ...tlsFiles(TLS_DIRS.etcdClient) },
  leaderKey: leaderKey(environment),
  membersPrefix: memberKey(environment, ''),
  patroniCa: tlsFiles(TLS_DIRS.postgresCa).ca,
  pollIntervalSeconds: region.follower.pollInterval,
  requestTimeoutSeconds: region.follower.requestTimeout,
  pgbouncer: {
    socketDir: PGBOUNCER_RUN_DIR,
    port: POOLER_PORT,
    databasesFile: PGBOUNCER_DATABASES_FILE,
    database: region.postgres.database,
    applicationRole: region.postgres.applicationRole,
  },
  watched: [PGBOUNCER_CONFIG_DIR, TLS_DIRS.pgbouncer, TLS_DIRS.postgresCa],
  etcdPlacement: region.etcd.leaderAwayFromPrimary,
  etcdMemberOrdinals: true,
  listen: { host: '0.0.0.0', port: FOLLOWER_PORT },
  ...(hasPeers(environment) ? { regions: regionsConfig(environment, region) } : {}),
});

const regionsConfig = (environment: Environment, region: Region): RegionsConfig => ({
  self: region.name,
  peers: peersOf(environment, region).map((peer) => ({
    name: peer.name,
    gateways: gatewayAddresses(peer),
    status: regionStatusAddresses(peer),
    standbyCluster: standbyClusterOf(region, peer),
  })),
  configKey: configKey(environment),
  certificate: tlsFiles(TLS_DIRS.pgbouncer),
  statusPort: REGION_STATUS_PORT,
  leaderPort: LEADER_PORT,
  localDatabase: localDatabase(region),
  localPoolSize: localPoolSize(region),
  stalenessBoundSeconds: environment.replication.stalenessBound,
  ...(environment.failover === null
    ? {}
    : {
        door: {
          orderedBy: FAILOVER_CLIENT,
          expectedMembers: postgresMemberCount(region),
          primaryStartTimeoutSeconds: region.postgres.patroni.primaryStartTimeout,
        },
      }),
});

export const followerJson = (environment: Environment, region: Region): string => `${JSON.stringify(followerConfig(environment, region), null, 2)}\n`;
