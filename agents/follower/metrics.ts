import { prometheusText, type Sample } from '../prometheus-text';

/** What the follower counts; each loop writes its own figures. */
export interface Metrics {
  leader: string | undefined;
  routeSwitches: number;
  lastSwitchSeconds: number | undefined;
  /** Milliseconds of the monotonic clock. */
  etcdAnsweredAt: number | undefined;
  etcdErrors: number;
  watchRestarts: number;
  probes: number;
  poolerErrors: number;
  poolerKills: number;
  clientsKilled: number;
  credentialReloads: number;
  placementTransfers: number;
  placementFailures: number;
  ready: boolean;
  /** Of a standby region's own rows, seconds; undefined: not known, or not a standby region. */
  replicationAgeSeconds: number | undefined;
}

export const newMetrics = (): Metrics => ({
  leader: undefined,
  routeSwitches: 0,
  lastSwitchSeconds: undefined,
  etcdAnsweredAt: undefined,
  etcdErrors: 0,
  watchRestarts: 0,
  probes: 0,
  poolerErrors: 0,
  poolerKills: 0,
  clientsKilled: 0,
  credentialReloads: 0,
  placementTransfers: 0,
  placementFailures: 0,
  ready: false,
  replicationAgeSeconds: undefined,
});

const samples = (m: Metrics, now: number): readonly Sample[] => [
  ['leader_info', 'gauge', 'The member that holds the leader key.', m.leader === undefined ? undefined : 1, `{member="${m.leader ?? ''}"}`],
  ['ready', 'gauge', 'Whether PgBouncer uses a route that was confirmed.', m.ready ? 1 : 0],
  ['route_switches_total', 'counter', 'Routes written.', m.routeSwitches],
  ['last_switch_duration_seconds', 'gauge', 'From the first sight of the new leader key until PgBouncer used the new primary.', m.lastSwitchSeconds],
  ['probes_total', 'counter', 'Questions to candidates whether they are primary.', m.probes],
  ['etcd_last_answer_age_seconds', 'gauge', 'Time since etcd last answered.', m.etcdAnsweredAt === undefined ? undefined : (now - m.etcdAnsweredAt) / 1000],
  ['etcd_errors_total', 'counter', 'Requests to etcd that failed.', m.etcdErrors],
  ['watch_restarts_total', 'counter', 'Watches that ended and were opened anew.', m.watchRestarts],
  ['pgbouncer_errors_total', 'counter', "Commands on PgBouncer's admin console that failed.", m.poolerErrors],
  ['pgbouncer_kills_total', 'counter', 'KILL of the whole database, when ending single clients was not enough.', m.poolerKills],
  ['clients_killed_total', 'counter', 'Clients ended because they were bound to the old server.', m.clientsKilled],
  ['credential_reloads_total', 'counter', "Reloads because PgBouncer's users or certificates changed.", m.credentialReloads],
  ['etcd_leader_transfers_total', 'counter', "Transfers of etcd's leadership away from the primary's zone.", m.placementTransfers],
  ['etcd_leader_transfer_failures_total', 'counter', "Transfers of etcd's leadership that failed.", m.placementFailures],
  ['replication_age_seconds', 'gauge', 'Age of the newest row that a standby region has.', m.replicationAgeSeconds],
];

/** For Prometheus. */
export const renderMetrics = (m: Metrics, now: number): string => prometheusText('holdfast_follower_', samples(m, now));
