import type { Environment, RegionFailover } from '../topology/types';
import { POSTGRES_SOCKET_DIR } from './paths';

export const LEASE_KEEPER_PORT = 9189;
export const LEASE_KEEPER_CONFIG_FILE = 'lease-keeper.json';
/** The deadline of the region's right to write, for `holdfast_commit_guard`: on a volume in memory, which a start of the machine empties. */
export const LEASE_FILE = `${POSTGRES_SOCKET_DIR}/holdfast-lease`;

/** Where the lease is kept: AWS' own DynamoDB by the pod's role, or another one that speaks its protocol, with its authority and keys that mean nothing. */
export type LeaseStorePlace = { readonly kind: 'aws' } | { readonly kind: 'emulated'; readonly endpoint: string; readonly ca: string };

/** What the lease keeper reads at its start (JSON), besides the follower's configuration. All durations are seconds. */
export interface LeaseKeeperConfig {
  readonly environment: string;
  readonly lease: {
    readonly table: string;
    /** Regions whose replica may be asked, in this order. */
    readonly replicas: readonly string[];
    readonly duration: number;
    readonly renewEvery: number;
    readonly requestTimeout: number;
  };
  readonly store: LeaseStorePlace;
  readonly file: string;
  readonly listen: { readonly host: string; readonly port: number };
}

/** @param table its name (lib/failover/names.ts) */
export const leaseKeeperConfig = (environment: Environment, failover: RegionFailover, table: string, store: LeaseStorePlace): LeaseKeeperConfig => {
  const { duration, renewEvery, requestTimeout } = failover.lease;
  return {
    environment: environment.name,
    // The third region of the set is a witness: it holds no replica that could be asked.
    lease: { table, replicas: failover.leaseRegions.slice(0, 2), duration, renewEvery, requestTimeout },
    store,
    file: LEASE_FILE,
    listen: { host: '0.0.0.0', port: LEASE_KEEPER_PORT },
  };
};
