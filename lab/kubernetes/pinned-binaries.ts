/** Programs that are not part of this project and are not installed by a package: from an archive that the user names, or built from published sources; checked against pinned checksums. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheRoot } from '../cache';
import { run } from '../exec';
import { UnmetRequirement } from '../images/preflight';
import { withLock } from '../lock';
import { unpackArchive } from './archive';
import { buildFromSource, type SourceBuild } from './source-build';

export interface BinariesOptions {
  readonly progress: (line: string) => void;
  /** @default - `cacheRoot()` */
  readonly cacheDir?: string;
  /** Path or URL of a prebuilt archive. @default - the environment variable that names it; without it, they are built from source */
  readonly archive?: string;
}

/** Binaries that come together, in one archive or from one build. */
export interface PinnedBinaries extends SourceBuild {
  /** One word: begins the lines of progress, and names the lock. */
  readonly name: string;
  /** The directory's name in the cache: changes with the versions. */
  readonly directory: string;
  /** SHA-256 by name. The build is reproducible, so one checksum serves the archive and the build from source alike. */
  readonly checksums: Readonly<Record<string, string>>;
  /** What a wrong checksum is told with, for example `Kubernetes 1.35.4`. */
  readonly release: string;
  /** Further names of the first binary. */
  readonly links: readonly string[];
  /** The environment variable that names a prebuilt archive. */
  readonly variable: string;
}

/** Written last: a directory that has it is whole and verified. */
const VERIFIED = 'verified';

/** A binary's bytes are not the pinned ones. */
export class ChecksumError extends Error {
  override readonly name = 'ChecksumError';
}

/**
 * The directory with the binaries and their links: from the cache, else from the archive, else built from the published Go modules. Milliseconds when cached.
 *
 * @throws ArchiveError when the archive can't be read; ChecksumError when what it holds is not what is pinned
 * @throws UnmetRequirement when they have to be built and Go is missing or too old, or there is no space
 */
export const pinnedBinaries = async (wanted: PinnedBinaries, options: BinariesOptions): Promise<string> => {
  const root = options.cacheDir ?? cacheRoot();
  const directory = join(root, wanted.directory);
  if (existsSync(join(directory, VERIFIED))) return directory;
  if (process.arch !== 'x64') throw new UnmetRequirement(`the lab's binaries of ${wanted.release} are for x86-64; this machine is ${process.arch}`);
  const waiting = (): void => options.progress(`${wanted.name}: another process is getting the binaries: waiting for it`);
  await withLock(join(root, `${wanted.name}.lock`), waiting, async () => {
    if (!existsSync(join(directory, VERIFIED))) await obtain(wanted, directory, options);
  });
  return directory;
};

const obtain = async (wanted: PinnedBinaries, directory: string, options: BinariesOptions): Promise<void> => {
  const location = options.archive ?? process.env[wanted.variable];
  const partial = `${directory}.partial`;
  await removeTree(partial);
  await mkdir(partial, { recursive: true });
  try {
    if (location === undefined || location === '') await buildFromSource(wanted, partial, options.progress);
    else await unpackArchive({ location, ...wanted, files: Object.keys(wanted.checksums) }, partial, options.progress);
    await install(wanted, partial, location ?? 'the build from source');
    await removeTree(directory);
    await rename(partial, directory);
  } finally {
    await removeTree(partial);
  }
};

const install = async ({ checksums, release, links }: PinnedBinaries, directory: string, source: string): Promise<void> => {
  const names = Object.keys(checksums);
  for (const name of names) {
    const actual = await sha256(join(directory, name));
    if (actual !== checksums[name]) throw new ChecksumError(`${name} from ${source}: SHA-256 is ${actual}; allowed: ${checksums[name] ?? ''} (${release})`);
    await chmod(join(directory, name), 0o755);
  }
  for (const link of links) await symlink(names[0] ?? '', join(directory, link));
  await rm(join(directory, 'archive'), { force: true });
  await removeTree(join(directory, 'work'));
  await writeFile(join(directory, VERIFIED), `${names.map((name) => `${checksums[name] ?? ''}  ${name}`).join('\n')}\n`);
};

const sha256 = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

/** Removes a directory, also one in which Go's module cache has made everything read-only (which stops an ordinary user, not root). */
const removeTree = async (directory: string): Promise<void> => {
  if (process.getuid?.() !== 0 && existsSync(directory)) await run(['chmod', '-R', 'u+w', directory]);
  await rm(directory, { recursive: true, force: true });
};
