import { etcdEndpoints, leaderKey, memberKey, POOLER_PORT } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
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
});

export const followerJson = (environment: Environment, region: Region): string => `${JSON.stringify(followerConfig(environment, region), null, 2)}\n`;
