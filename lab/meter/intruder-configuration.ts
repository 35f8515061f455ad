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

interface IntruderCacheDoor {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface IntruderConfiguration {
  readonly doors: readonly IntruderDoor[];
  /** Where a session is kept open. */
  readonly keep: IntruderDoor;
  readonly everySeconds: number;
  /** Nodes of the cache, with each user whose password was copied. */
  readonly cacheDoors: readonly IntruderCacheDoor[];
  /** Where a session of the cache is kept open; null: there is no cache. */
  readonly keepCache: IntruderCacheDoor | null;
  readonly cacheEverySeconds: number;
}
