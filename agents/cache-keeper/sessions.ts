/** Removes sessions that no application can read any more, with SCAN: KEYS would block the server, and is not allowed to applications at all. */
import type { Connections, Reply } from './connections';

export interface ClearOptions {
  /** Glob of the sessions' keys, for example `session:*`. */
  readonly match: string;
  /** What a sound session is: a text with a JSON object, or a hash. */
  readonly store: 'json' | 'hash';
  /** Every session that matches, sound or not. */
  readonly all: boolean;
  readonly dryRun: boolean;
}

export interface ClearResult {
  readonly scanned: number;
  /** Null: every one goes, so none was read. */
  readonly corrupt: number | null;
  readonly removed: number;
  /** A few of the keys, for people. */
  readonly examples: readonly string[];
}

const BATCH = 100;
const EXAMPLES = 10;

/** Pure: whether a value of this type and text is a session. */
export const isSound = (store: ClearOptions['store'], type: string, text: string | null): boolean => {
  if (store === 'hash') return type === 'hash';
  if (type !== 'string' || text === null) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false; // no JSON: that is the question
  }
};

const scanReply = (reply: Reply): { readonly cursor: string; readonly keys: readonly string[] } => {
  if (!Array.isArray(reply) || typeof reply[0] !== 'string' || !Array.isArray(reply[1]))
    throw new Error(`SCAN: an answer of an unknown kind: ${JSON.stringify(reply)}`);
  return { cursor: reply[0], keys: (reply[1] as readonly Reply[]).map(String) };
};

const isCorrupt = async ({ call }: Connections, pod: string, key: string, options: ClearOptions): Promise<boolean> => {
  const type = String(await call(pod, ['TYPE', key]));
  if (type === 'none') return false; // expired since it was found
  const text = type === 'string' && options.store === 'json' ? await call(pod, ['GET', key]) : null;
  return !isSound(options.store, type, typeof text === 'string' ? text : null);
};

const clearNode = async (connections: Connections, pod: string, options: ClearOptions): Promise<ClearResult> => {
  const count = { scanned: 0, corrupt: 0, removed: 0 };
  const examples: string[] = [];
  let cursor = '0';
  do {
    const found = scanReply(await connections.call(pod, ['SCAN', cursor, 'MATCH', options.match, 'COUNT', String(BATCH)]));
    // What goes in any case is not read: a batch of large values would not fit beside a keeper.
    const corrupt = options.all ? [] : await Promise.all(found.keys.map((key) => isCorrupt(connections, pod, key, options)));
    const doomed = found.keys.filter((_, i) => options.all || corrupt[i] === true);
    // One command per key: keys of different slots can't share one.
    const gone = options.dryRun ? [] : await Promise.all(doomed.map((key) => connections.call(pod, ['UNLINK', key])));
    count.scanned += found.keys.length;
    count.corrupt += corrupt.filter(Boolean).length;
    count.removed += gone.reduce<number>((sum, n) => sum + Number(n), 0);
    examples.push(...doomed.slice(0, EXAMPLES - examples.length));
    cursor = found.cursor;
  } while (cursor !== '0');
  return { ...count, corrupt: options.all ? null : count.corrupt, examples };
};

/** @param masters every shard's; a shard whose master does not answer can't be cleared */
export const clearSessions = async (connections: Connections, masters: readonly string[], options: ClearOptions): Promise<ClearResult> => {
  const results = await Promise.all(masters.map((pod) => clearNode(connections, pod, options)));
  return {
    scanned: results.reduce((sum, r) => sum + r.scanned, 0),
    corrupt: options.all ? null : results.reduce((sum, r) => sum + (r.corrupt ?? 0), 0),
    removed: results.reduce((sum, r) => sum + r.removed, 0),
    examples: results.flatMap((r) => r.examples).slice(0, EXAMPLES),
  };
};
