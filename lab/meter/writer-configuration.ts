/** What the runner tells the writer. */
export interface WriterConfiguration {
  readonly client: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ca: string;
  /** Name in the pooler's certificate. */
  readonly serverName: string;
  readonly writeEverySeconds: number;
  readonly readEverySeconds: number;
  /** A statement without an answer for so long is given up: its outcome is unknown. */
  readonly giveUpSeconds: number;
}
