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
import { buildFromSource } from './source-build';

export const KUBERNETES_VERSION = '1.35.4';

/** SHA-256. The build is reproducible, so one pinned checksum serves the archive and the build from source alike. */
const CHECKSUMS = {
  kcp: '1abe021351c1b6a138cd665a4c13ef9a8f2129066ae142dc52b954e480def4c8',
  coredns: 'fb4f83ffc816d55ab0211da33a27d71fe6aa4f653da273072e97ea49a7863c81',
} as const;
const BINARIES = Object.keys(CHECKSUMS) as (keyof typeof CHECKSUMS)[];
const LINKS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'];
/** Written last: a directory that has it is whole and verified. */
const VERIFIED = 'verified';

export interface BinariesOptions {
  readonly progress: (line: string) => void;
  /** @default - `cacheRoot()` */
  readonly cacheDir?: string;
  /** Path or URL of a prebuilt archive. @default - the environment variable HOLDFAST_KUBERNETES; without it, they are built from source */
  readonly archive?: string;
}

/** A binary's bytes are not the pinned ones. */
export class ChecksumError extends Error {
  override readonly name = 'ChecksumError';
}

/**
 * The directory with kcp, its links (kubelet, kubectl, ...) and coredns: from the cache, else from the archive, else built from the published Go modules.
 * Milliseconds when cached.
 *
 * @throws ArchiveError when HOLDFAST_KUBERNETES can't be read; ChecksumError when what it holds is not what is pinned
 * @throws UnmetRequirement when they have to be built and Go is missing or too old, or there is no space
 */
export const kubernetesBinaries = async (options: BinariesOptions): Promise<string> => {
  const root = options.cacheDir ?? cacheRoot();
  const directory = join(root, `kubernetes-${KUBERNETES_VERSION}`);
  if (existsSync(join(directory, VERIFIED))) return directory;
  if (process.arch !== 'x64') throw new UnmetRequirement(`the lab's Kubernetes binaries are for x86-64; this machine is ${process.arch}`);
  const waiting = (): void => options.progress('kubernetes: another process is getting the binaries: waiting for it');
  await withLock(join(root, 'kubernetes.lock'), waiting, async () => {
    if (!existsSync(join(directory, VERIFIED))) await obtain(directory, options);
  });
  return directory;
};

const obtain = async (directory: string, options: BinariesOptions): Promise<void> => {
  const archive = options.archive ?? process.env.HOLDFAST_KUBERNETES;
  const partial = `${directory}.partial`;
  await removeTree(partial);
  await mkdir(partial, { recursive: true });
  try {
    if (archive === undefined || archive === '') await buildFromSource(partial, options.progress);
    else await unpackArchive(archive, BINARIES, partial, options.progress);
    await install(partial, archive ?? 'the build from source');
    await removeTree(directory);
    await rename(partial, directory);
  } finally {
    await removeTree(partial);
  }
};

const install = async (directory: string, source: string): Promise<void> => {
  for (const name of BINARIES) {
    const actual = await sha256(join(directory, name));
    if (actual !== CHECKSUMS[name])
      throw new ChecksumError(`${name} from ${source}: SHA-256 is ${actual}; allowed: ${CHECKSUMS[name]} (Kubernetes ${KUBERNETES_VERSION})`);
    await chmod(join(directory, name), 0o755);
  }
  for (const link of LINKS) await symlink('kcp', join(directory, link));
  await rm(join(directory, 'archive'), { force: true });
  await removeTree(join(directory, 'work'));
  await writeFile(join(directory, VERIFIED), `${BINARIES.map((name) => `${CHECKSUMS[name]}  ${name}`).join('\n')}\n`);
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
