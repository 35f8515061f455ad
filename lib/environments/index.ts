/** The environments by name: every file of this folder that exports an `EnvironmentInput` under its own name (camel case). To add one, write a file. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentInput } from '../topology/types';

/** Bundled, this file is in dist/; the folder is looked at all the same, and the bundle is renewed when it changes. */
const folder = existsSync(join(__dirname, 'production.ts')) ? __dirname : join(__dirname, '..', 'lib', 'environments');

const camelCase = (name: string): string => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const load = (name: string): EnvironmentInput => {
  // esbuild bundles every file that this pattern can name.
  const exported = require(`./${name}.ts`) as Readonly<Record<string, EnvironmentInput | undefined>>;
  const environment = exported[camelCase(name)];
  if (environment === undefined) throw new Error(`lib/environments/${name}.ts: it must export the environment as "${camelCase(name)}"`);
  if (environment.name !== name)
    throw new Error(`lib/environments/${name}.ts: its environment is named "${environment.name}"; name it "${name}", like the file`);
  return environment;
};

const names = readdirSync(folder)
  .filter((file) => /^[a-z][a-z0-9-]*\.ts$/.test(file) && file !== 'index.ts')
  .map((file) => file.slice(0, -'.ts'.length));

export const ENVIRONMENTS: Readonly<Record<string, EnvironmentInput>> = Object.fromEntries(names.map((name) => [name, load(name)]));
