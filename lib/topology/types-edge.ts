/** The part of the model that says how much anybody may ask of the environment, and who is turned away. */
import type { Seconds } from './units';

/** What a limit counts by: the client's address, the user, or a user's requests to one endpoint. */
export const LIMIT_KEYS = ['address', 'user', 'endpoint'] as const;
export type LimitKey = (typeof LIMIT_KEYS)[number];

/** One layer of the cascade: `requestsPerSecond x window` requests in any `window`, for each key. */
export interface Limit {
  /** Requests per second and key, on average over the window. */
  readonly requestsPerSecond: number;
  /** What is counted by: `address`, `user`, or `endpoint`: one user's requests to one endpoint. */
  readonly per: LimitKey;
  /** The time that is counted over. For the edge and the WAF one of 60, 120, 300 and 600 s; behind them the burst that is taken at once. */
  readonly window: Seconds;
  /** What is answered: 403 refuses, 429 asks to wait. */
  readonly status: 403 | 429;
  /** The `Retry-After` of the answer, whole seconds; null with 403: who is refused shall not come back. */
  readonly retryAfter: Seconds | null;
}

/** The cascade, from the outside in: each layer is looser than the one behind it, so that what is refused is refused by the layer that knows the most about it. */
export interface Limits {
  /** CloudFront's web ACL, near the client. */
  readonly edge: Limit;
  /** The web ACL of each region's load balancer, and the gateway behind it. */
  readonly waf: Limit;
  /** The application, by Redis. */
  readonly user: Limit;
  /** The application, for endpoints that have no limit of their own. */
  readonly endpoint: Limit;
}

/** What `holdfast limits --emergency on` does. */
export interface EmergencyLimits {
  /** The gateway's, the users' and the endpoints' limits are divided by it. */
  readonly divisor: number;
}

/** When an address shows too many signatures that don't verify, nothing of it is verified any more: verifying is what it costs. */
export interface InvalidSignatures {
  /** So many in `window`, from one address. */
  readonly perAddress: number;
  /** Counted over so long. */
  readonly window: Seconds;
  /** Then its requests are refused for so long. */
  readonly blockFor: Seconds;
}

/** Names that users know, one label each in `dns.zoneName`; CloudFront answers them, and asks the names of `dns` in turn. */
export interface EdgeNames {
  /** In front of `dns.applicationName`: the nearest region that is ready. */
  readonly application: string;
  /** In front of `dns.writerName`: the region that takes writes. */
  readonly writer: string;
}

/** Clients that are known beforehand come by a door of their own, with a certificate. */
export interface ClientCertificates {
  /** PEM of the certificate authority that issued theirs; more than one may be written one after the other. */
  readonly authority: string;
}

/**
 * - `local`: each process counts for itself, with its share of the limit: nobody gets more than the whole, somebody on one busy process gets less.
 * - `open`: nothing is limited; what is left is the WAF's backstop per user.
 * - `closed`: everything is refused with 503.
 */
export const LIMITER_DOWN = ['local', 'open', 'closed'] as const;
export type LimiterDown = (typeof LIMITER_DOWN)[number];

/** CloudFront, the web ACLs, and what the gateway and the applications limit. Without `dns` there is nothing to put CloudFront in front of: then the gateway and the applications limit alone. */
export interface Edge {
  /** The names that users know. */
  readonly names: EdgeNames;
  /** The cascade. */
  readonly limits: Limits;
  /** In an attack, by one command. */
  readonly emergency: EmergencyLimits;
  /** What applications do while the limiter's Redis does not answer: `local`, `open` or `closed`. */
  readonly limiterDown: LimiterDown;
  /** After the limiter lost its state, limits grow from half to whole over so long: everybody's count starts at zero at once. */
  readonly warmUp: Seconds;
  /** Floods of signatures that don't verify. */
  readonly invalidSignatures: InvalidSignatures;
  /** AWS's managed rule groups: `count` what they would block, until the counts have been looked at; then `block`. */
  readonly managedRules: 'count' | 'block';
  /** CIDRs, IPv4 or IPv6, that are refused from the start. More are added by `holdfast block address`. */
  readonly blocklist: readonly string[];
  /** A door for known clients, on a port of its own, or null: none. */
  readonly clientCertificates: ClientCertificates | null;
  /** Largest body of a request, bytes. */
  readonly maxBody: number;
  /** By which the load balancers know that a request comes from our CloudFront: add 1 and deploy to change it; the one before stays good until the next change. */
  readonly originSecret: number;
}
