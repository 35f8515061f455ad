import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../kubernetes/scripts';
import type { BuiltImage } from './build';
import { inPrivateNamespaces } from './namespaces';
import { requirePrograms, requireRoot } from './preflight';
import { imageRootfs } from './rootfs';

export interface ImageRunOptions {
  /** Absolute path in the image -> content. They belong to user 999 and are readable by it alone, as keys have to be. */
  readonly files?: Readonly<Record<string, string>>;
  /** Absolute paths of directories that user 999 may write to. */
  readonly directories?: readonly string[];
  /** Added to the image's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default 60; the program is killed after that, and `exitCode` is null */
  readonly timeoutSeconds?: number;
}

export interface ImageRunResult {
  /** null: killed, by a signal or because the time was over */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const UID = 999;
const DEFAULT_TIMEOUT_SECONDS = 60;

/**
 * Runs a program of an image, as user 999, with files of the caller's laid over it. What it writes is thrown away; it has no network but a loopback of its own, and
 * everything it started ends with it. The image is unpacked into the cache at the first use; after that a run costs some 50 ms. A failing program is an answer, not an error.
 *
 * @throws UnmetRequirement when not root on Linux, or when programs are missing
 */
export const runInImage = async (image: BuiltImage, argv: readonly string[], options: ImageRunOptions = {}): Promise<ImageRunResult> => {
  requireRoot('running a program of an image');
  requirePrograms(['unshare', 'setpriv', 'ip', 'chroot']);
  const { directory, env } = await imageRootfs(image);
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-run-'));
  try {
    const added = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(scratch, 'env'), [...env, ...added, ''].join('\n'));
    await layOut(join(scratch, 'files'), options);
    const script = join(projectRoot(), 'lab', 'images', 'run-in-image.sh');
    return await collect(inPrivateNamespaces(['sh', script, directory, scratch, ...argv], ['--net']), options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Writes the files below `root`. A directory that the image has keeps its owner and mode, unless it is asked for by name. */
const layOut = async (root: string, { files = {}, directories = [] }: ImageRunOptions): Promise<void> => {
  await mkdir(root);
  for (const directory of directories) {
    await mkdir(join(root, directory), { recursive: true, mode: 0o755 });
    await chown(join(root, directory), UID, UID);
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(root, path), content, { mode: 0o600 });
    await chown(join(root, path), UID, UID);
  }
};

const collect = (argv: readonly string[], timeoutSeconds: number): Promise<ImageRunResult> => {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1000);
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, ...output });
    });
  });
};
