/** What the runner tells the writer. */
export interface WriterConfiguration {
  readonly client: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ca: string;
  /** Holds user, password and CA as they are now: when it changes, the client logs in anew before it gives its connection up, as an application does. */
  readonly credentialsFile: string;
  /** Name in the pooler's certificate. */
  readonly serverName: string;
  readonly writeEverySeconds: number;
  readonly readEverySeconds: number;
  /** A statement without an answer for so long is given up: its outcome is unknown. */
  readonly giveUpSeconds: number;
  /** Where `host` is a name that clients of the outside resolve, again whenever they connect and the answer's TTL is over. @default - `host` is an address */
  readonly resolver?: {
    readonly server: string;
    readonly port: number;
    /** From where it asks: its place in the world. */
    readonly localAddress: string;
  };
}
