import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../cache';
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
      await pruneUnused(parent, /^[0-9a-f]{12}$/, [directory]);
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
  const log = `${directory}.log`;
  await rm(partial, { recursive: true, force: true });
  await rm(log, { force: true });
  const script = join(projectRoot(), 'lab', 'images', 'containerd-template.sh');
  const argv = ['sh', script, partial, ...images.map((image) => image.archive)];
  await runLogged(argv, { log, what: 'importing the images into containerd', namespaces: ['--net'] });
  await checkNames(log, images);
  await rename(partial, directory);
  await rm(log);
  progress(`containerd: imported in ${((performance.now() - start) / 1000).toFixed(1)} s`);
};

/** Pods name the images; a node that looks for a name that is not there would only say so much later. */
const checkNames = async (log: string, images: readonly BuiltImage[]): Promise<void> => {
  const lines = (await readFile(log, 'utf8')).split('\n');
  const missing = images.filter((image) => !lines.includes(image.reference)).map((image) => image.reference);
  if (missing.length > 0) throw new BuildError(`containerd did not name the images as pods do: ${missing.join(', ')}; see ${log}`);
};
