import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const KEPT_PER_GROUP = 2;
const RECENT_MILLISECONDS = 3600 * 1000;

interface Entry {
  readonly path: string;
  readonly group: string;
  /** Entries are touched whenever they are used. */
  readonly used: number;
}

const entriesOf = async (directory: string, pattern: RegExp, groupOf: (name: string) => string): Promise<Entry[]> => {
  const names = (await readdir(directory)).filter((name) => pattern.test(name));
  return Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      return { path, group: groupOf(name), used: (await stat(path)).mtimeMs };
    }),
  );
};

/**
 * Removes the entries of a cache directory that something newer has replaced: of every group the two that were used last are kept, and so is what was used within the last hour
 * (by another checkout, perhaps) and whatever is in `keep`.
 */
export const pruneUnused = async (directory: string, pattern: RegExp, groupOf: (name: string) => string, keep: readonly string[]): Promise<void> => {
  const entries = (await entriesOf(directory, pattern, groupOf)).sort((a, b) => b.used - a.used);
  const seen = new Map<string, number>();
  for (const { path, group, used } of entries) {
    const newer = seen.get(group) ?? 0;
    seen.set(group, newer + 1);
    if (newer < KEPT_PER_GROUP || keep.includes(path) || Date.now() - used < RECENT_MILLISECONDS) continue;
    await rm(path, { recursive: true, force: true });
  }
};
