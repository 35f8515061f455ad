/** The cascade of limits (CS-4) as arithmetic: what each layer lets through, and what follows from it. Pure. */
import type { Edge, Limit, Limits } from './types-edge';
import type { Environment } from './types';
import { seconds, type Seconds } from './units';

/** What AWS WAF can count: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-request-limiting.html */
export const WAF = {
  /** Seconds that a rate rule may count over. */
  windows: [60, 120, 300, 600],
  /** Requests in a window: a rule can't have a lower limit. */
  floor: 10,
  /** A rule acts on counts that are so old; usually less. */
  lag: seconds(30),
  /** Rate rules of one web ACL. */
  rateRules: 10,
  /** Capacity units of one web ACL. */
  capacity: 5000,
} as const;

/** From the outside in. */
export const LAYERS = ['edge', 'waf', 'user', 'endpoint'] as const satisfies readonly (keyof Limits)[];
export type Layer = (typeof LAYERS)[number];

/** Requests that the limit allows in one window. */
export const requestsPerWindow = ({ requestsPerSecond, window }: Pick<Limit, 'requestsPerSecond' | 'window'>): number =>
  Math.round(requestsPerSecond * window * 1000) / 1000;

/** The most that a limit lets through in any `span`: what it had saved up, and what is added meanwhile. */
export const mostIn = ({ requestsPerSecond, window }: Pick<Limit, 'requestsPerSecond' | 'window'>, span: number): number => requestsPerSecond * (span + window);

/**
 * The limit with less allowed. Where a window would allow less than one request it becomes longer, and whoever is refused is told to wait for a whole one.
 * @param divisor >= 1
 */
export const divided = (limit: Limit, divisor: number): Limit => {
  const requestsPerSecond = limit.requestsPerSecond / divisor;
  const window = seconds(Math.max(limit.window, 1 / requestsPerSecond));
  const retryAfter = limit.retryAfter === null ? null : seconds(Math.max(limit.retryAfter, Math.ceil(window)));
  return { ...limit, requestsPerSecond, window, retryAfter };
};

/** The web ACL's limit for each user, behind which applications may fail open: what a user's limit adds up to over the WAF's window. */
export const userBackstop = ({ limits }: Edge): Limit => ({ ...limits.waf, requestsPerSecond: limits.user.requestsPerSecond, per: 'user' });

/** A limit of one endpoint, as the workload that has it says. */
export interface EndpointLimit {
  readonly workload: string;
  readonly method: string;
  readonly path: string;
  readonly requestsPerSecond: number;
  /** Where the model says so. */
  readonly at: string;
}

/** Endpoints with limits of their own; the others have `limits.endpoint`. */
export const endpointLimits = ({ workloads }: Pick<Environment, 'workloads'>): readonly EndpointLimit[] =>
  workloads.flatMap((workload, w) =>
    (workload.public?.endpoints ?? []).flatMap(({ method, path, requestsPerSecond }, e) =>
      requestsPerSecond === undefined
        ? []
        : [{ workload: workload.name, method, path, requestsPerSecond, at: `workloads[${w}].public.endpoints[${e}].requestsPerSecond` }],
    ),
  );

/** `limits.endpoint` with an endpoint's own rate: waiting takes longer where less than one request a second is allowed. */
export const ownLimit = (endpoint: Limit, requestsPerSecond: number): Limit => divided({ ...endpoint, requestsPerSecond }, 1);

/** One row of the table that people read. */
export interface CascadeRow {
  readonly layer: string;
  readonly keptBy: string;
  readonly per: string;
  readonly limit: Limit;
  /** What `holdfast limits --emergency on` makes of it; null: it stays as it is. */
  readonly emergency: Limit | null;
  /** Between the first request too many and the first refusal, at most. */
  readonly lag: Seconds;
}

const KEYS: Readonly<Record<Limit['per'], string>> = { address: 'address', user: 'user', endpoint: 'user and endpoint' };

/** The cascade from the outside in, with what stands behind it where a layer fails. Without CloudFront in front, the layers that don't exist are left out. */
export const cascade = (edge: Edge, environment: Pick<Environment, 'dns' | 'workloads'>): readonly CascadeRow[] => {
  const { limits, emergency } = edge;
  const row = (layer: string, keptBy: string, limit: Limit, tightens: boolean, lag: Seconds = seconds(0)): CascadeRow => ({
    layer,
    keptBy,
    per: KEYS[limit.per],
    limit,
    emergency: tightens ? divided(limit, emergency.divisor) : null,
    lag,
  });
  const aws = [
    row('edge', 'CloudFront, web ACL', limits.edge, false, WAF.lag),
    row('waf', 'load balancer, web ACL', limits.waf, false, WAF.lag),
    row('waf, backstop', 'load balancer, web ACL', userBackstop(edge), false, WAF.lag),
  ];
  return [
    ...(environment.dns === null ? [] : aws),
    row('gateway', 'HAProxy, stick table', limits.waf, true),
    row('user', 'application, Redis', limits.user, true),
    row('endpoint', 'application, Redis', limits.endpoint, true),
    ...endpointLimits(environment).map(({ workload, method, path, requestsPerSecond }) =>
      row(`${method} ${path}`, `${workload}, Redis`, ownLimit(limits.endpoint, requestsPerSecond), true),
    ),
  ];
};
