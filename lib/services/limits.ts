/** What the gateway and the applications read about limits: limits.json, the switches that people turn, and the blocklist. Pure text, one projection for charts, lab and commands. */
import { divided, endpointLimits, ownLimit } from '../topology/edge-limits';
import type { Edge, Environment, Limit, LimiterDown } from '../topology/types';

/** ConfigMaps in the namespace of the applications, and their keys. */
export const LIMITS_CONFIG = { name: 'limits', key: 'limits.json' } as const;
/** People and commands change it: charts create it, and leave it alone from then on. */
export const SWITCHES_CONFIG = { name: 'switches', key: 'switches.json', auditKey: 'audit.json' } as const;
/** The same for the addresses that the gateway refuses. */
export const BLOCKLIST_CONFIG = { name: 'blocklist', key: 'blocklist.txt' } as const;

/** A token bucket: `requestsPerSecond` are added, `burst` fit in. */
export interface LimitFile {
  readonly requestsPerSecond: number;
  /** Requests that are let through at once. */
  readonly burst: number;
  readonly windowSeconds: number;
  readonly status: number;
  readonly retryAfterSeconds: number | null;
}
export interface EndpointLimitFile extends LimitFile {
  readonly workload: string;
  readonly method: string;
  readonly path: string;
}
/** One set of limits: the everyday ones, or those of an emergency. */
export interface LimitSet {
  /** Per client address, at the gateway. */
  readonly gateway: LimitFile;
  readonly user: LimitFile;
  /** Per user and endpoint, where `endpoints` names none. */
  readonly endpoint: LimitFile;
  readonly endpoints: readonly EndpointLimitFile[];
}
/** limits.json. */
export interface LimitsFile extends LimitSet {
  /** The same limits, divided already: in force while `switches.json` says `emergencyLimits`. */
  readonly emergency: LimitSet;
  readonly emergencyDivisor: number;
  readonly limiterDown: LimiterDown;
  readonly warmUpSeconds: number;
  readonly invalidSignatures: { readonly perAddress: number; readonly windowSeconds: number; readonly blockForSeconds: number };
  /** Bytes. */
  readonly maxBody: number;
}

const limitFile = (limit: Limit): LimitFile => ({
  requestsPerSecond: limit.requestsPerSecond,
  burst: Math.max(1, Math.floor(limit.requestsPerSecond * limit.window + 1e-9)),
  windowSeconds: limit.window,
  status: limit.status,
  retryAfterSeconds: limit.retryAfter,
});

const limitSet = ({ limits }: Edge, environment: Pick<Environment, 'workloads'>, divisor: number): LimitSet => ({
  gateway: limitFile(divided(limits.waf, divisor)),
  user: limitFile(divided(limits.user, divisor)),
  endpoint: limitFile(divided(limits.endpoint, divisor)),
  endpoints: endpointLimits(environment).map(({ workload, method, path, requestsPerSecond }) => ({
    workload,
    method,
    path,
    ...limitFile(divided(ownLimit(limits.endpoint, requestsPerSecond), divisor)),
  })),
});

/** What is in limits.json. */
export const limitsFile = (edge: Edge, environment: Pick<Environment, 'workloads'>): LimitsFile => ({
  ...limitSet(edge, environment, 1),
  emergency: limitSet(edge, environment, edge.emergency.divisor),
  emergencyDivisor: edge.emergency.divisor,
  limiterDown: edge.limiterDown,
  warmUpSeconds: edge.warmUp,
  invalidSignatures: {
    perAddress: edge.invalidSignatures.perAddress,
    windowSeconds: edge.invalidSignatures.window,
    blockForSeconds: edge.invalidSignatures.blockFor,
  },
  maxBody: edge.maxBody,
});

export const renderLimits = (edge: Edge, environment: Pick<Environment, 'workloads'>): string => `${JSON.stringify(limitsFile(edge, environment), null, 2)}\n`;
