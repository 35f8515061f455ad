/** The part of the model that stands between clients and workloads: the gateway in the cluster (docs/gateway.md). */
import type { Resources } from './types';
import type { Seconds } from './units';

/** How the gateway learns that a pod is gone: it asks each pod itself, long before Kubernetes notices. */
export interface GatewayCheck {
  /** Pause between two requests to a pod's readiness path; whole tenths of a second. */
  readonly interval: Seconds;
  /** A request without an answer for so long has failed. */
  readonly timeout: Seconds;
  /** So many failures in a row take the pod out of rotation. */
  readonly failures: number;
}

/** How long the gateway waits for whom. */
export interface GatewayTimeouts {
  /** For a client's whole request, head and body: slower clients are refused with 408. */
  readonly request: Seconds;
  /** For a client that reads its answer slowly. */
  readonly client: Seconds;
  /** For the next request on a connection. */
  readonly keepAlive: Seconds;
  /** For a pod to take a connection; then another pod is tried. */
  readonly connect: Seconds;
  /** For a pod's answer; longer than any request may take there. */
  readonly server: Seconds;
  /** For a pod that has room. */
  readonly queue: Seconds;
}

/** How a gateway leaves. */
export interface GatewayDrain {
  /** It serves on for so long after it was taken out of rotation: the load balancer learns of it meanwhile. */
  readonly preStop: Seconds;
  /** Requests that are under way then have so long. */
  readonly timeout: Seconds;
}

/** The gateway: one in each AZ, in front of every workload that is `public`. Of no effect where none is. */
export interface Gateway {
  readonly check: GatewayCheck;
  readonly timeouts: GatewayTimeouts;
  readonly drain: GatewayDrain;
  /** Connections of clients that each gateway takes. */
  readonly maxConnections: number;
  /** Connections to each pod from each gateway; more wait for `timeouts.queue`. */
  readonly connectionsPerPod: number;
  /** Client addresses that each gateway remembers; with more the ones that were seen longest ago are forgotten. */
  readonly addresses: number;
  /** Of each gateway. */
  readonly resources: Resources;
}
