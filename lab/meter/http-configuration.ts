/** What the runner tells an HTTP meter. */
import type { HttpStream } from '../../lib/drill/workloads/history';

export interface HttpMeterConfiguration {
  readonly client: string;
  /** Addresses of the gateways, the nearest first: the others are asked when it is not reached. */
  readonly gateways: readonly string[];
  readonly port: number;
  /** The public name, which the certificate must carry. */
  readonly host: string;
  /** PEM of who signs it. */
  readonly ca: string;
  /** Before every path: where the workload's API begins; empty: at the root. */
  readonly base: string;
  /** Keys and ids of this run begin with it. */
  readonly prefix: string;
  /** Users take turns, so that none comes near a limit. */
  readonly users: number;
  /** Nobody asks for the same thing more often: a user's limit is one request a second, and half of that while the limits warm up. */
  readonly sameAgainSeconds: number;
  /** Seconds between two requests of each stream. */
  readonly every: Readonly<Record<HttpStream, number>>;
  /** A connection, and an answer, may take so long. */
  readonly connectSeconds: number;
  readonly answerSeconds: number;
  /** A request is tried again until so long after its start. */
  readonly patienceSeconds: number;
}
