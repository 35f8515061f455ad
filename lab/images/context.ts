import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { projectRoot } from '../kubernetes/scripts';
import { IMAGES, type BuildInputs, type ImageName } from './catalog';

/** A build context, described: where every file of it comes from, and the hash of it all. */
export interface Context {
  readonly name: string;
  /** Path in the context -> path on this machine. */
  readonly files: ReadonlyMap<string, string>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Of names, executable bits, contents, build arguments and the base; hexadecimal. */
  readonly hash: string;
}

const imagesDirectory = (): string => join(projectRoot(), 'images');

const filesBelow = async (directory: string): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

const hashContext = async (files: ReadonlyMap<string, string>, parts: readonly string[]): Promise<string> => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part}\0`);
  for (const path of [...files.keys()].sort()) {
    const source = files.get(path) ?? '';
    const { mode, size } = await stat(source);
    hash.update(`${path}\0${mode & 0o111 ? 'x' : '-'}\0${size}\0`);
    await pipeline(createReadStream(source), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) hash.update(chunk);
    });
  }
  return hash.digest('hex');
};

const directoryFiles = async (names: readonly string[], skip: readonly string[] = []): Promise<Map<string, string>> => {
  const root = imagesDirectory();
  const paths = (await Promise.all(names.map((name) => filesBelow(join(root, name))))).flat();
  return new Map(paths.map((path) => [relative(root, path), path] as const).filter(([path]) => !skip.includes(path)));
};

/** The base image's inputs: its directory and the Debian suite. The mirror is not part of it: every mirror carries the same suite. */
export const baseContext = async (suite: string): Promise<Context> => {
  const files = await directoryFiles(['base']);
  return { name: 'base', files, buildArgs: {}, hash: await hashContext(files, ['base', suite]) };
};

/** One image's inputs: images/common, its own directory, and what is generated for it. */
export const imageContext = async (name: ImageName, base: Context, inputs: BuildInputs): Promise<Context> => {
  const { built = [], generated, buildArgs = {}, directory = name } = IMAGES[name];
  const missing = built.filter((path) => !existsSync(join(imagesDirectory(), path)));
  if (missing.length > 0) throw new Error(`images/${missing.join(', images/')} is missing: \`node scripts/build.mjs agents backend\` makes it`);
  const extra = generated === undefined ? {} : await generated(inputs);
  const files = await directoryFiles(['common', directory], Object.keys(extra));
  for (const [path, source] of Object.entries(extra)) files.set(path, source);
  return { name, files, buildArgs, hash: await hashContext(files, [name, base.hash, JSON.stringify(buildArgs)]) };
};

/** Writes the context into an empty directory, as `docker build` would see it. */
export const stageContext = async (context: Context, directory: string): Promise<void> => {
  for (const [path, source] of context.files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target);
  }
};
