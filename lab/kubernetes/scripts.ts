import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's root: the folder with package.json, found upwards from this file, whether it runs from the sources or from dist/. */
export const projectRoot = (): string => {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json above ${__dirname}: run Holdfast from its checkout`);
    directory = parent;
  }
  return directory;
};

export const labScript = (name: string): string => join(projectRoot(), 'lab', 'kubernetes', name);
