import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheRoot } from '../cache';
import { run } from '../exec';
import { projectRoot } from '../kubernetes/scripts';
import { withLock } from '../lock';
import type { BuildOptions, BuiltImage } from './build';
import { BuildError, runLogged } from './namespaces';
import { requirePrograms, requireRoot, requireSpace } from './preflight';
import { pruneUnused } from './prune';

const NEEDED_GIB = 2;

/**
 * A containerd root directory (namespace k8s.io, overlayfs snapshots) that holds the images, named by the hash of all of them. A node starts from a copy: hard links, except
 * the databases (`*.db`), which containerd writes in place. Milliseconds when it is in the cache.
 *
 * @throws UnmetRequirement, BuildError
 */
export const containerdTemplate = async (images: Readonly<Record<string, BuiltImage>>, options: BuildOptions): Promise<string> => {
  const parent = join(options.cacheDir ?? cacheRoot(), 'containerd');
  const all = Object.values(images).sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const hash = createHash('sha256').update(all.map((image) => image.reference).join('\n'));
  const directory = join(parent, hash.digest('hex').slice(0, 12));
  if (!existsSync(directory)) {
    requireRoot('importing images');
    requirePrograms(['containerd', 'ctr', 'unshare', 'setpriv', 'flock']);
    await mkdir(parent, { recursive: true });
    requireSpace(parent, NEEDED_GIB, 'importing images');
    const waiting = (): void => options.progress('containerd: another process is importing the images: waiting for it');
    await withLock(join(parent, 'lock'), waiting, async () => {
      if (!existsSync(directory)) await importImages(directory, all, options.progress);
      await pruneUnused(parent, TEMPLATE, () => 'template', [directory]);
    });
  }
  const now = new Date();
  await utimes(directory, now, now);
  return directory;
};

/** The template appears by rename: one that is there is whole. */
const importImages = async (directory: string, images: readonly BuiltImage[], progress: BuildOptions['progress']): Promise<void> => {
  const start = performance.now();
  progress(`containerd: importing ${images.length} images`);
  const partial = `${directory}.partial`;
  const [log, wanted] = [`${directory}.log`, `${directory}.images`];
  await Promise.all([partial, log].map((path) => rm(path, { recursive: true, force: true })));
  await startFromNewest(dirname(directory), partial);
  await writeFile(wanted, images.map((image) => `${image.reference}\t${image.archive}\n`).join(''));
  const script = join(projectRoot(), 'lab', 'images', 'containerd-template.sh');
  await runLogged(['sh', script, partial, wanted], { log, what: 'importing the images into containerd', namespaces: ['--net'] });
  await checkNames(log, images);
  await rename(partial, directory);
  await Promise.all([log, wanted].map((path) => rm(path)));
  progress(`containerd: imported in ${((performance.now() - start) / 1000).toFixed(1)} s`);
};

const TEMPLATE = /^[0-9a-f]{12}$/;

/** Only what changed has to be imported: the newest template is the start. */
const startFromNewest = async (parent: string, partial: string): Promise<void> => {
  const names = (await readdir(parent)).filter((name) => TEMPLATE.test(name)).map((name) => join(parent, name));
  const dated = await Promise.all(names.map(async (path) => ({ path, used: (await stat(path)).mtimeMs })));
  const [newest] = dated.sort((a, b) => b.used - a.used);
  if (newest === undefined) return;
  await copyContainerdRoot(newest.path, partial);
};

/** Copies a containerd root that nobody uses at the moment: hard links, because contents and snapshots never change, and real copies of the databases, which are written in place. */
export const copyContainerdRoot = async (from: string, to: string): Promise<void> => {
  await run(['cp', '-al', from, to]);
  const databases = (await run(['find', to, '-name', '*.db', '-type', 'f'])).split('\n').filter((path) => path !== '');
  for (const file of databases) {
    await copyFile(file, `${file}.copy`);
    await rename(`${file}.copy`, file);
  }
};

/** Pods name the images; a node that looks for a name that is not there would only say so much later. */
const checkNames = async (log: string, images: readonly BuiltImage[]): Promise<void> => {
  const lines = (await readFile(log, 'utf8')).split('\n');
  const missing = images.filter((image) => !lines.includes(image.reference)).map((image) => image.reference);
  if (missing.length > 0) throw new BuildError(`containerd did not name the images as pods do: ${missing.join(', ')}; see ${log}`);
};
