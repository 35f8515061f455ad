/** What the runner tells the cache's meter. */
export interface CacheMeterConfiguration {
  readonly client: string;
  /** Addresses of the nodes, any of which tells where the shards are. */
  readonly seeds: readonly string[];
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly ca: string;
  /** Looked at several times a second: password and authority may change (lab/secrets.ts). */
  readonly credentialsFile: string;
  /** The n-th is shard n: a slot of it, and a text that in braces puts keys there. */
  readonly shards: readonly { readonly slot: number; readonly tag: string }[];
  /** Keys of this run begin with it. */
  readonly prefix: string;
  readonly writeEverySeconds: number;
  readonly readEverySeconds: number;
  /** WAIT is given so long, and asks for so many replicas. */
  readonly waitSeconds: number;
  readonly waitReplicas: number;
  /** Connecting, and an answer, may take so long. */
  readonly connectSeconds: number;
  readonly giveUpSeconds: number;
}

/** The hash that holds a stream's ids. */
export const streamKey = (prefix: string, client: string, mode: string, tag: string): string => `${prefix}:${client}:${mode}:{${tag}}`;
