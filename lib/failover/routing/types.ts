/** DNS records and health checks as they are in a CloudFormation template, once its references are resolved. Pure, and without a word of CDK. */
import type { Continent } from '../../topology/types';

/** How Route 53 chooses between records of one name and type. Other policies exist; nothing here makes them, and reading one is an error. */
export type Routing =
  | { readonly kind: 'simple' }
  | { readonly kind: 'failover'; readonly role: 'PRIMARY' | 'SECONDARY' }
  /** `*`: every place that has no record of its own, and every place that is not known. */
  | { readonly kind: 'geolocation'; readonly continent: Continent | '*' };

export type Target =
  /** An alias to records of the same zone. */
  | { readonly kind: 'record'; readonly name: string; readonly evaluateTargetHealth: boolean }
  /** An alias to a load balancer: `id` is `<stack>/<logical id>`, `region` that of its stack. */
  | { readonly kind: 'loadBalancer'; readonly id: string; readonly region: string; readonly evaluateTargetHealth: boolean }
  | { readonly kind: 'values'; readonly values: readonly string[]; readonly ttl: number };

export interface RecordSet {
  /** `<stack>/<logical id>`, and `[n]` where the resource holds several records. */
  readonly id: string;
  /** Lower case, without the dot at the end. */
  readonly name: string;
  readonly type: string;
  readonly zoneId: string;
  readonly routing: Routing;
  /** The id of a health check. */
  readonly healthCheck: string | undefined;
  readonly target: Target;
}

/** What a checker asks for over the network. */
export interface Probe {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Has to be in the first 5,120 bytes of the body. */
  readonly searchString: string | undefined;
  /** Pause between two probes of each checker, s. */
  readonly interval: number;
  /** So many answers in a row until a checker changes its mind. */
  readonly failureThreshold: number;
  /** Whether the name is sent in the TLS handshake. */
  readonly sni: boolean;
}

export type HealthCheckKind =
  | { readonly kind: 'probe'; readonly type: 'HTTP' | 'HTTPS' | 'HTTP_STR_MATCH' | 'HTTPS_STR_MATCH' | 'TCP'; readonly probe: Probe }
  /** An ARC routing control, by its name. */
  | { readonly kind: 'routingControl'; readonly control: string }
  | { readonly kind: 'calculated'; readonly children: readonly string[]; readonly threshold: number };

/** `id` is `<stack>/<logical id>`. */
export type HealthCheck = HealthCheckKind & { readonly id: string; readonly inverted: boolean };

/** What a template says about one zone, from all stacks of an environment. */
export interface Zone {
  readonly records: readonly RecordSet[];
  readonly checks: readonly HealthCheck[];
}

export interface Query {
  readonly name: string;
  readonly type: string;
  /** Of the client's subnet, or of its resolver; null: not known. */
  readonly continent: Continent | null;
}

/** What an answer points to. */
export type AnswerRecord = Extract<Target, { kind: 'loadBalancer' }> | { readonly kind: 'value'; readonly value: string };

export interface Answer {
  /**
   * - `answered`;
   * - `no-such-name` (NXDOMAIN);
   * - `no-data`: the name exists, but nothing of this type, or nothing for this client's place (NOERROR without records).
   */
  readonly status: 'answered' | 'no-such-name' | 'no-data';
  readonly records: readonly AnswerRecord[];
  /** Seconds. */
  readonly ttl: number;
  /** The records that were followed, by their ids. */
  readonly path: readonly string[];
}
