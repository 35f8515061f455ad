import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from '../lock';
import { Buildah } from './buildah';
import type { BuiltImage } from './build';
import { requirePrograms, requireRoot } from './preflight';
import { pruneUnused } from './prune';

/** An image as a directory, and the environment that its Dockerfile gives its programs (`NAME=value`). */
export interface ImageRootfs {
  readonly directory: string;
  readonly env: readonly string[];
}

interface InspectedImage {
  readonly OCIv1?: { readonly config?: { readonly Env?: readonly string[] } };
}

/** Unpacks an image into the cache, once. @throws UnmetRequirement, CommandError */
export const imageRootfs = async (image: BuiltImage): Promise<ImageRootfs> => {
  const cache = dirname(image.archive);
  const entry = join(cache, `rootfs-${image.name}-${image.hash.slice(0, 12)}`);
  if (!existsSync(entry)) {
    requireRoot('unpacking an image');
    requirePrograms(['buildah', 'unshare', 'setpriv', 'flock']);
    await withLock(
      join(cache, 'lock'),
      () => undefined,
      async () => {
        if (!existsSync(entry)) await unpack(image, cache, entry);
        await pruneUnused(cache, /^rootfs-[a-z]+-[0-9a-f]{12}$/, (name) => name.slice(0, -'-0123456789ab'.length), [entry]);
      },
    );
  }
  const now = new Date();
  await utimes(entry, now, now);
  return { directory: join(entry, 'root'), env: JSON.parse(await readFile(join(entry, 'env.json'), 'utf8')) as string[] };
};

/** The directory appears by rename: one that is there is whole. */
const unpack = async (image: BuiltImage, cache: string, entry: string): Promise<void> => {
  const buildah = new Buildah(cache, join(cache, 'runroot'));
  await buildah.tidy();
  if (!(await buildah.has(image.reference))) await buildah.importArchive(image.reference, image.archive);
  const partial = `${entry}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 'root'), { recursive: true });
  const inspected = JSON.parse(await buildah.query(['inspect', '--type', 'image', image.reference])) as InspectedImage;
  await writeFile(join(partial, 'env.json'), JSON.stringify(inspected.OCIv1?.config?.Env ?? []));
  await buildah.copyOut(image.reference, join(partial, 'root'));
  await rename(partial, entry);
};
