/** What the runner tells a flooder. */
export interface FlooderConfiguration {
  /** Its own addresses, each of which is a client. */
  readonly addresses: readonly string[];
  /** Addresses of the gateways, asked in turn. */
  readonly gateways: readonly string[];
  readonly port: number;
  /** The public name, which the certificate must carry. */
  readonly host: string;
  /** PEM of who signs it. */
  readonly ca: string;
  /** Before every path: where the workload's API begins; empty: at the root. */
  readonly base: string;
  /** Of each address. */
  readonly requestsPerSecond: number;
  /**
   * - `orders`: looks for an order that is not there, as nobody in particular.
   * - `forged-receipts`: hands in receipts whose signatures are well-formed and wrong, each in another name.
   * - `greedy-user`: one user, properly signed, who looks for an order that is not there.
   */
  readonly what: 'orders' | 'forged-receipts' | 'greedy-user';
  /** An answer may take so long. */
  readonly answerSeconds: number;
}
