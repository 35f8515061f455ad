/** What the synchroniser asks of Redis; one implementation talks to the servers, one in the tests forgets, breaks off and comes back. */
import type { Master } from './topology';

/** A key's value as `DUMP` gives it. */
export interface Copy {
  readonly value: Buffer;
  /** Milliseconds since the epoch at which the key expires; 0: never. */
  readonly expiresAt: number;
}

/** One page of keys; cursor "0": the last one. */
export interface Page {
  readonly cursor: string;
  readonly keys: readonly Buffer[];
}

/** A connection to one node. Every method throws once the connection is lost. */
export interface NodeConnection {
  /** Tells the name of every key that changes from now on; null: of all of them. */
  track(onChange: (key: Buffer | null) => void): Promise<void>;
  scan(cursor: string): Promise<Page>;
  /** Null where the key does not exist. */
  copies(keys: readonly Buffer[]): Promise<readonly (Copy | null)[]>;
  exist(keys: readonly Buffer[]): Promise<readonly boolean[]>;
  /** Resolves when the connection is lost, with the reason. */
  readonly lost: Promise<string>;
  close(): void;
}

/** This region's cache, whichever node holds a key. */
export interface TargetCache {
  put(key: Buffer, copy: Copy): Promise<void>;
  remove(key: Buffer): Promise<void>;
  publish(channel: string, message: Buffer): Promise<void>;
  /** All masters that hold slots now. */
  masters(): Promise<readonly Master[]>;
  scan(master: Master, cursor: string): Promise<Page>;
}

export type Connect = (master: Master) => Promise<NodeConnection>;
