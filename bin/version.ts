import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Holdfast's own version; the bundle in dist/ and the sources in bin/ are both one folder below package.json. */
export const version = (): string => {
  const contents: unknown = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
  if (typeof contents !== 'object' || contents === null || !('version' in contents) || typeof contents.version !== 'string')
    throw new Error('package.json has no version');
  return contents.version;
};
