/** Everything that a function of the failover needs to know, as plain data (it travels in an environment variable). Pure. */
import { homeRegion, postgresMemberCount, POOLER_PORT } from '../topology/derive';
import { gatewayAddresses, REGION_STATUS_PORT, regionStatusAddresses } from '../topology/regions';
import type { Environment, Region, RegionFailover } from '../topology/types';
import { HEALTH_PATH, leaseTableName, regionHost, switchBucketName, switchObjectKey } from './names';

/** What is known of a region beforehand. */
export interface RegionSettings {
  readonly name: string;
  /** Addresses of its doors, one per zone. Any of them speaks for the region. */
  readonly doors: readonly string[];
  readonly doorPort: number;
  /** Addresses of its poolers from outside, one per zone. */
  readonly poolers: readonly string[];
  readonly poolerPort: number;
  /** What clients and probes see of it. */
  readonly publicHost: string;
  readonly healthPath: string;
  readonly members: number;
  readonly database: string;
}

export interface SwitchObject {
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
}

/** Durations are in seconds, as in the model. */
export interface FailoverSettings {
  readonly environment: string;
  /** Where the environment begins; which region has the lease is what the record says. */
  readonly home: string;
  /** The region that this workflow takes the lease to. */
  readonly target: string;
  readonly witness: string;
  /** All regions with workloads. */
  readonly regions: readonly RegionSettings[];
  readonly mode: RegionFailover['mode'];
  readonly lease: {
    readonly table: string;
    /** Replicas that may be asked, in this order. */
    readonly replicas: readonly string[];
    readonly duration: number;
    readonly renewEvery: number;
    readonly requestTimeout: number;
    readonly margin: number;
  };
  readonly decision: { readonly every: number; readonly ticks: number; readonly signals: number; readonly silentAfter: number };
  /** A target that is further behind is not promoted, unless somebody takes the loss upon himself. */
  readonly maxLag: number;
  /** The same for a failback, which waits for everything: so far behind it is not begun. Bytes. */
  readonly maxLagBytes: number;
  readonly cooldown: number;
  readonly approvalTimeout: number;
  readonly trafficSwitch: RegionFailover['trafficSwitch'];
  readonly switchObjects: readonly SwitchObject[];
}

/** A question to a region's door is given up after so long, and the next door asked. Seconds. */
export const DOOR_TIMEOUT = 1.5;

/** So far behind a failback may begin: 64 MiB are received in a few seconds over any link that replication lives on. */
const MAX_LAG_BYTES = 64 * 1024 * 1024;

const regionSettings = (environment: Environment, region: Region): RegionSettings => {
  if (environment.dns === null) throw new Error(`environment "${environment.name}" has no dns`);
  return {
    name: region.name,
    doors: regionStatusAddresses(region),
    doorPort: REGION_STATUS_PORT,
    poolers: gatewayAddresses(region),
    poolerPort: POOLER_PORT,
    publicHost: regionHost(environment.dns, region),
    healthPath: HEALTH_PATH,
    members: postgresMemberCount(region),
    database: region.postgres.database,
  };
};

/**
 * @param target the region that the lease is to be taken to
 * @param account the AWS account's id, which bucket names contain
 * @throws Error when the environment has no failover, or no such region
 */
export const failoverSettings = (environment: Environment, target: string, account: string): FailoverSettings => {
  const { failover, regions } = environment;
  if (failover === null) throw new Error(`environment "${environment.name}" has no failover`);
  if (!regions.some((region) => region.name === target))
    throw new Error(`there is no region "${target}"; there are ${regions.map((region) => region.name).join(', ')}`);
  const { duration, renewEvery, requestTimeout, margin } = failover.lease;
  const { every, ticks, signals, silentAfter } = failover.decision;
  return {
    environment: environment.name,
    home: homeRegion(environment).name,
    target,
    witness: failover.witness,
    regions: regions.map((region) => regionSettings(environment, region)),
    mode: failover.mode,
    lease: { table: leaseTableName(environment), replicas: failover.leaseRegions.slice(0, 2), duration, renewEvery, requestTimeout, margin },
    decision: { every, ticks, signals, silentAfter },
    maxLag: failover.maxLag,
    maxLagBytes: MAX_LAG_BYTES,
    cooldown: failover.cooldown,
    approvalTimeout: failover.approvalTimeout,
    trafficSwitch: failover.trafficSwitch,
    switchObjects: failover.switchRegions.map((region) => ({
      region,
      bucket: switchBucketName(environment, region, account),
      key: switchObjectKey(environment),
    })),
  };
};
