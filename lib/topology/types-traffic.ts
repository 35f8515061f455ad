/** The part of the model that decides where clients go: public DNS, and the failover of regions. */
import type { Seconds } from './units';

/** Route 53's checkers of one kind of health check. */
export interface DnsHealthChecks {
  /** Pause between two probes of each checker, 10 or 30 s: Route 53 knows no other, and a check keeps its own for life. */
  readonly interval: Seconds;
  /** So many probes in a row, 1 to 10, until one checker changes its mind about a region. */
  readonly failureThreshold: number;
  /** The same for the switch objects. A probe that fails says "not switched", so 1 is safe. */
  readonly switchThreshold: number;
}

/** Continents as Route 53 knows them. */
export const CONTINENTS = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;
export type Continent = (typeof CONTINENTS)[number];

/** Public DNS: which region a client is sent to. */
export interface Dns {
  /** The hosted zone, for example `example.com`. It exists already: a zone is delegated by its registrar, not by a stack. */
  readonly zoneName: string;
  /** Its id, for example `Z0123456789ABCDEFGHIJ`. */
  readonly zoneId: string;
  /** The name that applications use, one label: `app` for `app.example.com`. */
  readonly applicationName: string;
  /** The name of whichever region takes writes, one label. */
  readonly writerName: string;
  /** Which region a continent prefers, by the region's name; a continent that is not named, and every client of unknown place, prefers the home region. */
  readonly preferences: Readonly<Partial<Record<Continent, string>>>;
  /** How long resolvers keep an answer. An alias to a load balancer has 60 s, and nothing else is possible on AWS; a lab may have less. */
  readonly ttl: Seconds;
  /** Of regions and of switch objects. */
  readonly healthChecks: DnsHealthChecks;
}

/** The right to take writes, held by one region at a time, in a store outside all of them. */
export interface RegionLease {
  /** A region that could not renew for so long takes no more commits. */
  readonly duration: Seconds;
  /** Pause between two renewals; at most a third of `duration`. */
  readonly renewEvery: Seconds;
  /** A renewal without an answer is given up after so long. */
  readonly requestTimeout: Seconds;
  /** What is waited beyond `duration` before another region is promoted: the drift of two clocks over `duration`, and the longest pause between a commit's check and its end. */
  readonly margin: Seconds;
}

/** When a region counts as lost. */
export interface LossDecision {
  /** Pause between two looks. */
  readonly every: Seconds;
  /** So many looks in a row must agree. */
  readonly ticks: number;
  /** Of four signals (the lease stands still, the public endpoint fails from the witness, and from the target, the target hears nothing) so many must say so. */
  readonly signals: number;
  /** A lease that has not been renewed for so long stands still. */
  readonly silentAfter: Seconds;
}

/** How another region takes over when the home region is lost. Needs `dns` and a standby region. */
export interface RegionFailover {
  /** `automatic`: at once when the primary region is unreachable and the target not too far behind; `approval`: two people, always. A reachable primary always needs them. */
  readonly mode: 'automatic' | 'approval';
  /** What the DNS tree looks at: three small objects in regions outside (`stopQuorum`), or ARC routing controls (about $1,825 a month). */
  readonly trafficSwitch: 'stopQuorum' | 'routingControl';
  /** The region that decides; no workload runs there. One of `leaseRegions`. */
  readonly witness: string;
  /** Three regions of one of DynamoDB's sets for strong consistency, none of them with workloads: two replicas of the lease and their witness. */
  readonly leaseRegions: readonly string[];
  /** Three regions with a switch object each, none of them with workloads. */
  readonly switchRegions: readonly string[];
  /** How long the right to write lasts. */
  readonly lease: RegionLease;
  /** When a region counts as lost. */
  readonly decision: LossDecision;
  /** A target that is further behind is not promoted, unless somebody takes the loss upon himself by name. */
  readonly maxLag: Seconds;
  /** After a failover no other one begins by itself for so long. */
  readonly cooldown: Seconds;
  /** Two people must have agreed within this time; otherwise it is given up. */
  readonly approvalTimeout: Seconds;
}
