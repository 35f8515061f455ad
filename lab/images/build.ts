import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheRoot } from '../cache';
import { controllerBinaries, kubernetesBinaries } from '../kubernetes/binaries';
import { projectRoot } from '../kubernetes/scripts';
import { withLock } from '../lock';
import { Buildah, packageIndexArgs } from './buildah';
import { type BuildInputs, IMAGE_NAMES, IMAGES, type ImageName } from './catalog';
import { baseContext, imageContext, stageContext, type Context } from './context';
import { runLogged } from './namespaces';
import { requirePrograms, requireRoot, requireSpace } from './preflight';
import { pruneUnused } from './prune';

export type Progress = (line: string) => void;

export interface BuiltImage {
  readonly name: ImageName;
  /** As pods name it: `localhost/holdfast/<name>:<first 12 digits of the hash of everything it is made of>`. */
  readonly reference: string;
  /** OCI archive (tar) on this machine. */
  readonly archive: string;
  readonly hash: string;
}

export interface BuildOptions<Name extends ImageName = ImageName> {
  /** @default - `cacheRoot()` */
  readonly cacheDir?: string;
  /** @default - all of them */
  readonly names?: readonly Name[];
  readonly progress: Progress;
}

const SUITE = 'trixie';
const DEBIAN_MIRROR = 'http://deb.debian.org/debian';
const DEBIAN_SECURITY = 'http://deb.debian.org/debian-security';
const NEEDED_GIB = 6;
const PROGRAMS = ['buildah', 'debootstrap', 'unshare', 'setpriv', 'flock', 'tar'];

const referenceOf = (name: string, hash: string): string => `localhost/holdfast/${name}:${hash.slice(0, 12)}`;

/** One build session: exists only while the lock is held. */
interface Session {
  readonly directory: string;
  readonly scratch: string;
  readonly buildah: Buildah;
  readonly base: Context;
  readonly progress: Progress;
}

interface Planned extends BuiltImage {
  readonly context: Context;
}

/**
 * Builds the images of the lab from the Dockerfiles in images/ without a Docker engine, those that are not in the cache. When nothing changed this takes
 * milliseconds and needs neither root nor any program.
 *
 * @throws UnmetRequirement when this machine can't build: not root, missing programs, less than 6 GiB free
 * @throws BuildError when a build fails, with the end of its log
 */
export const buildImages = async <Name extends ImageName = ImageName>(options: BuildOptions<Name>): Promise<Record<Name, BuiltImage>> => {
  const directory = join(options.cacheDir ?? cacheRoot(), 'images');
  await mkdir(directory, { recursive: true });
  const { base, planned } = await plan(directory, options.names ?? IMAGE_NAMES, options.progress);
  if (planned.some((image) => !existsSync(image.archive))) await buildMissing(planned, base, directory, options.progress);
  const now = new Date();
  await Promise.all(planned.map((image) => utimes(image.archive, now, now)));
  const built = planned.map(({ name, reference, archive, hash }) => [name, { name, reference, archive, hash }] as const);
  return Object.fromEntries(built) as Record<Name, BuiltImage>;
};

const plan = async (directory: string, names: readonly ImageName[], progress: Progress): Promise<{ base: Context; planned: readonly Planned[] }> => {
  const base = await baseContext(SUITE);
  const options = { progress, cacheDir: dirname(directory) };
  const inputs: BuildInputs = {
    coredns: async () => join(await kubernetesBinaries(options), 'coredns'),
    controller: async (name) => join(await controllerBinaries(options), name),
  };
  const planned = names.map(async (name) => {
    const context = await imageContext(name, base, inputs);
    return {
      name,
      context,
      hash: context.hash,
      reference: referenceOf(name, context.hash),
      archive: join(directory, `${name}-${context.hash.slice(0, 12)}.tar`),
    };
  });
  return { base, planned: await Promise.all(planned) };
};

const buildMissing = async (planned: readonly Planned[], base: Context, directory: string, progress: Progress): Promise<void> => {
  requireRoot('building images');
  requirePrograms(PROGRAMS);
  requireSpace(directory, NEEDED_GIB, 'building images');
  const waiting = (): void => progress('images: another process is building them: waiting for it');
  await withLock(join(directory, 'lock'), waiting, async () => {
    const scratch = join(directory, 'scratch');
    const session: Session = { directory, scratch, base, progress, buildah: new Buildah(directory, join(directory, 'runroot')) };
    await session.buildah.tidy();
    try {
      for (const image of planned) if (!existsSync(image.archive)) await timed(session, `image ${image.name}`, () => buildImage(session, image));
      await prune(session, planned);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
};

const timed = async (session: Session, what: string, work: () => Promise<string>): Promise<void> => {
  session.progress(`${what}: building`);
  const start = performance.now();
  const result = await work();
  session.progress(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s, ${result}`);
};

const megabytes = async (file: string): Promise<string> => `${Math.round((await stat(file)).size / 1e6)} MB`;

const logOf = (session: Session, context: Context): string => join(session.directory, 'logs', `${context.name}-${context.hash.slice(0, 12)}.log`);

/** Archives appear by rename: one that is there is whole. */
const buildImage = async (session: Session, image: Planned): Promise<string> => {
  const base = await ensureBase(session);
  const staged = join(session.scratch, image.name);
  await rm(staged, { recursive: true, force: true });
  await stageContext(image.context, staged);
  const log = logOf(session, image.context);
  const buildArgs = { BASE: base, ...packageIndexArgs(), ...image.context.buildArgs };
  await session.buildah.build({
    reference: image.reference,
    context: staged,
    dockerfile: join(staged, IMAGES[image.name].directory ?? image.name, 'Dockerfile'),
    buildArgs,
    log,
  });
  const partial = join(session.scratch, `${image.name}.tar`);
  await session.buildah.exportArchive(image.reference, partial, log);
  await rename(partial, image.archive);
  return megabytes(image.archive);
};

/** The base image's name in the storage; made by debootstrap when it is not there. */
const ensureBase = async (session: Session): Promise<string> => {
  const reference = referenceOf('base', session.base.hash);
  if (!(await session.buildah.has(reference))) await timed(session, 'base image', () => buildBase(session, reference));
  return reference;
};

const buildBase = async (session: Session, reference: string): Promise<string> => {
  const staged = join(session.scratch, 'base');
  await rm(staged, { recursive: true, force: true });
  await mkdir(staged, { recursive: true });
  const log = logOf(session, session.base);
  const tarball = join(staged, 'rootfs.tar');
  const script = join(projectRoot(), 'images', 'base', 'rootfs.sh');
  const mirror = process.env.HOLDFAST_DEBIAN_MIRROR ?? DEBIAN_MIRROR;
  const security = process.env.HOLDFAST_DEBIAN_SECURITY_MIRROR ?? DEBIAN_SECURITY;
  await runLogged(['sh', script, SUITE, mirror, tarball, security], { log, what: 'making the base image (debootstrap)' });
  await stageContext(session.base, session.scratch);
  await session.buildah.build({ reference, context: staged, dockerfile: join(staged, 'Dockerfile'), buildArgs: {}, log });
  const size = await megabytes(tarball);
  await rm(tarball);
  return size;
};

/** `etcd-0123456789ab.tar` -> `etcd` */
const imageOfEntry = (entry: string): string => entry.replace(/-[0-9a-f]{12}.*$/, '');

const prune = async (session: Session, planned: readonly Planned[]): Promise<void> => {
  const archives = planned.map((image) => image.archive);
  await pruneUnused(session.directory, /^[a-z-]+-[0-9a-f]{12}\.tar$/, imageOfEntry, archives);
  await pruneUnused(join(session.directory, 'logs'), /\.log$/, imageOfEntry, []);
  await session.buildah.keepOnly([referenceOf('base', session.base.hash), ...planned.map((image) => image.reference)]);
};
