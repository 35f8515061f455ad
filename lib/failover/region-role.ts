/** What a region is, as its own etcd says, and what it says of itself to others. Pure. */
import type { RegionRole, StandbyCluster } from '../topology/regions';

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

/** From its moment on a region vouches for nobody in its epoch or below: another one is being promoted (or this one). */
export interface Promised {
  readonly epoch: number;
  /** For whose failover. */
  readonly execution: string;
  /** When it was written, milliseconds since the epoch, by the region's own clock: for people. */
  readonly at?: number;
}

/** From Patroni's dynamic configuration. */
export interface OwnRole {
  /** False: there is no cluster yet; the other fields mean nothing then. */
  readonly initialized: boolean;
  /** It streams from another region, and takes no writes. */
  readonly follows: boolean;
  /** 0: never written. */
  readonly epoch: number;
  /** The primary region's name, as far as this region knows. */
  readonly primary: string | undefined;
  /** A failover under way, or one that was given up without saying so; none: undefined or null. */
  readonly promised?: Promised | null | undefined;
  /** Which failover made the region what it is; none when it was done by hand. */
  readonly execution?: string | undefined;
}

/** A region's word on itself. */
export interface RegionStatus extends OwnRole {
  readonly region: string;
  /** Its leader takes writes, confirmed a moment ago. */
  readonly serving: boolean;
}

export const NO_ROLE: OwnRole = { initialized: false, follows: false, epoch: 0, primary: undefined };

/** @param config Patroni's dynamic configuration; undefined: there is none */
export const roleOf = (config: unknown): OwnRole => {
  if (!isPlain(config)) return NO_ROLE;
  const { holdfast, standby_cluster: standby } = config;
  const role = isPlain(holdfast) ? holdfast : {};
  const { epoch, primary, execution } = role;
  const promised = promisedOf(role['promised']);
  return {
    initialized: true,
    follows: isPlain(standby) && Object.keys(standby).length > 0,
    epoch: Number.isSafeInteger(epoch) ? Number(epoch) : 0,
    primary: typeof primary === 'string' ? primary : undefined,
    ...(promised === undefined ? {} : { promised }),
    ...(typeof execution === 'string' ? { execution } : {}),
  };
};

const promisedOf = (value: unknown): Promised | undefined => {
  if (!isPlain(value)) return undefined;
  const { epoch, execution, at } = value;
  // A promise that can't be read is one all the same, and of the highest epoch: nobody is vouched for until it is repaired.
  if (!Number.isSafeInteger(epoch) || typeof execution !== 'string') return { epoch: Number.MAX_SAFE_INTEGER, execution: '' };
  return { epoch: Number(epoch), execution, ...(typeof at === 'number' ? { at } : {}) };
};

/** @returns undefined when it is no region's word */
export const parseStatus = (text: string): RegionStatus | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (!isPlain(value) || typeof value['region'] !== 'string' || !Number.isSafeInteger(value['epoch'])) return undefined;
    if (['initialized', 'follows', 'serving'].some((key) => typeof value[key] !== 'boolean')) return undefined;
    return value as unknown as RegionStatus;
  } catch {
    return undefined;
  }
};

export const claimsPrimary = (role: OwnRole): boolean => role.initialized && !role.follows;

/** A role that a failover gives. */
type GivenRole = RegionRole & { readonly execution?: string };
export type PrimaryRegion = GivenRole & { readonly standbyCluster: StandbyCluster };

const READ_ONLY = 'default_transaction_read_only';
/**
 * Whoever keeps the primary's heartbeat reads it, and when it changes writes a checkpoint, which makes the primary's end short. The last wish stays where it is: to take it
 * away would be a change that Patroni reloads PostgreSQL for, and it hears of nothing for a second then, just when it should step back or be promoted.
 */
const HANDOVER = 'holdfast.handover';
const WRITABLE = { [READ_ONLY]: null };

/** The change of the dynamic configuration (a merge patch) that makes a region follow another one. A drain's soft fence has done its work then. */
export const followPatch = ({ epoch, primary, standbyCluster, execution }: PrimaryRegion): Plain => ({
  standby_cluster: standbyCluster,
  // Whoever is made to follow is done with whatever was promised or done before; by hand, no execution is named.
  holdfast: { epoch, primary, promised: null, execution: execution ?? null },
  postgresql: { parameters: WRITABLE },
});

/** Patroni's `primary_start_timeout` while a region follows another one (k8s/cluster-configuration.ts). Seconds. */
export const FOLLOWING_START_TIMEOUT = 300;

/**
 * The change that makes a standby region the primary one.
 * @param primaryStartTimeout the model's, seconds: how long a primary of this region that crashed is started where it is before another one takes over
 */
export const promotePatch = (role: GivenRole, primaryStartTimeout: number): Plain => ({
  standby_cluster: null,
  holdfast: { promised: null, execution: null, ...role },
  primary_start_timeout: primaryStartTimeout,
  postgresql: { parameters: WRITABLE },
});

/** @param wish different every time: it is the change that is acted on */
export const preparePatch = (wish: string): Plain => ({ postgresql: { parameters: { [HANDOVER]: wish } } });
export const drainPatch = (on: boolean): Plain => ({ postgresql: { parameters: { [READ_ONLY]: on ? 'on' : null } } });

/** As Patroni merges: null removes, objects are merged, everything else replaces. */
export const merged = (config: Plain, patch: Plain): Plain => {
  const result: Record<string, unknown> = { ...config };
  for (const [key, value] of Object.entries(patch)) {
    const { [key]: before } = result;
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = isPlain(value) ? merged(isPlain(before) ? before : {}, value) : value;
  }
  return result;
};
