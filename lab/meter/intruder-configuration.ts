/** What the runner tells the intruder: which credentials were copied, and where to try them. */
interface IntruderDoor {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly replication: boolean;
}

export interface IntruderConfiguration {
  readonly doors: readonly IntruderDoor[];
  /** Where a session is kept open. */
  readonly keep: IntruderDoor;
  readonly everySeconds: number;
}
