import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const DAY_MILLISECONDS = 24 * 3600 * 1000;
const UNUSED_DAYS = 3;

/** Removes the entries of a cache directory whose names match and that nobody has used for three days, but never one of `keep`. */
export const pruneUnused = async (directory: string, pattern: RegExp, keep: readonly string[]): Promise<void> => {
  for (const entry of await readdir(directory)) {
    const path = join(directory, entry);
    if (!pattern.test(entry) || keep.includes(path)) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > UNUSED_DAYS * DAY_MILLISECONDS) await rm(path, { recursive: true, force: true });
  }
};
