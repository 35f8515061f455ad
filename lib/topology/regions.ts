/** What regions know of each other: addresses, ports and names that follow from the model, so that nothing has to be looked up when one of them is lost. */
import { NAMESPACE, POSTGRES_PORT, POOLER_PORT, regionCode } from './derive';
import { lastIsolatedAddresses } from './subnets';
import type { Environment, Region } from './types';

/** The region's leader, whoever that is: a follower passes the connection on. For the other regions' standby leaders. */
export const LEADER_PORT = POSTGRES_PORT + 1;
/** What a region says of itself: its epoch, and whether it is the primary region. */
export const REGION_STATUS_PORT = 9443;
/** Who may tell a region what to do: the common name of the client certificate that the failover's functions present at its status port. */
export const FAILOVER_CLIENT = 'holdfast-failover';
/** Poolers (forwarded writes) and leader, from outside the region. */
export const GATEWAY_PORTS = { postgres: POOLER_PORT, leader: LEADER_PORT } as const;

/** What the certificate of poolers and doors says, at whatever address they are reached: gateways are addresses, and no certificate names those. */
export const POOLER_NAME = `pgbouncer.${NAMESPACE}.svc.cluster.local`;

export const peersOf = (environment: Environment, region: Region): readonly Region[] => environment.regions.filter((other) => other.name !== region.name);
export const hasPeers = (environment: Environment): boolean => environment.regions.length > 1;

/** One address per zone, on which the region's ready poolers are reached. */
export const gatewayAddresses = (region: Region): readonly string[] => lastIsolatedAddresses(region, 1);
/** One address per zone, on which every follower answers, ready or not: a region that is just starting must be able to say what it was. */
export const regionStatusAddresses = (region: Region): readonly string[] => lastIsolatedAddresses(region, 2);

/** One address per zone, on which the region's cache answers; from there on its nodes are known by their own addresses. */
export const cacheGatewayAddresses = (region: Region): readonly string[] => lastIsolatedAddresses(region, 3);

/** The slot that keeps the write-ahead log for a standby region, on whichever member leads the primary region. */
export const standbySlot = (region: Region): string => `standby_${regionCode(region.name)}`;

/** The database name under which local, possibly stale rows are read. */
export const localDatabase = (region: Region): string => `${region.postgres.database}_local`;

/** Server connections of each PgBouncer for local reads, beside those for everything else. */
export const localPoolSize = (region: Region): number => Math.max(1, Math.floor(region.pooler.poolSize / 4));

/** Patroni's own section: from where a standby region's leader streams. */
export interface StandbyCluster {
  readonly host: string;
  readonly port: number;
  readonly primary_slot_name: string;
  readonly create_replica_methods: readonly string[];
}

export const standbyClusterOf = (self: Region, primary: Region): StandbyCluster => ({
  host: gatewayAddresses(primary).join(','),
  port: LEADER_PORT,
  primary_slot_name: standbySlot(self),
  create_replica_methods: ['basebackup'],
});

/** Beside Patroni's own settings, in the same key of etcd, so that both change in one write. Patroni passes over what it does not know. */
export interface RegionRole {
  /** Rises with every promotion: of two regions that both believe to be the primary one, the higher is right. */
  readonly epoch: number;
  /** The primary region's name. */
  readonly primary: string;
}

/** What a new cluster begins with; later only the region primitives change it. */
export const firstRole = (environment: Environment, region: Region): { readonly holdfast: RegionRole; readonly standby_cluster?: StandbyCluster } => {
  const home = environment.regions.find((r) => r.role === 'home');
  if (home === undefined) throw new Error(`environment "${environment.name}" has no home region`);
  const holdfast: RegionRole = { epoch: 1, primary: home.name };
  return region.role === 'home' ? { holdfast } : { holdfast, standby_cluster: standbyClusterOf(region, home) };
};
