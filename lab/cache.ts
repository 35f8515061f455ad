import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where everything that can be made again is kept: `$XDG_CACHE_HOME/holdfast`, or `~/.cache/holdfast`. */
export const cacheRoot = (): string => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'holdfast');
