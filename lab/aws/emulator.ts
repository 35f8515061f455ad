/** The emulator: moto's server, from PyPI into the user's cache, and started for one lab. */
import { createHash } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { cacheRoot } from '../cache';
import { run, startDetached } from '../exec';
import { findProgram, requireSpace, UnmetRequirement } from '../images/preflight';
import { projectRoot } from '../kubernetes/scripts';
import { withLock } from '../lock';

const NEEDED_GIB = 1;
const requirements = (): string => join(projectRoot(), 'lab', 'aws', 'requirements.txt');

/**
 * A Python that has moto: HOLDFAST_MOTO (a path), else from the cache, else installed (about 30 s).
 * @throws UnmetRequirement when it has to be installed and Python is missing, or there is no space
 */
export const emulatorPython = async (progress: (line: string) => void): Promise<string> => {
  const given = process.env['HOLDFAST_MOTO'];
  if (given !== undefined && given !== '') {
    if (existsSync(given)) return given;
    throw new UnmetRequirement(`HOLDFAST_MOTO: given "${given}", which does not exist; allowed: the path of a Python that has moto`);
  }
  const hash = createHash('sha256')
    .update(await readFile(requirements()))
    .digest('hex')
    .slice(0, 12);
  const directory = join(cacheRoot(), `moto-${hash}`);
  const python = join(directory, 'bin', 'python');
  if (existsSync(python)) return python;
  await mkdir(cacheRoot(), { recursive: true });
  await withLock(
    join(cacheRoot(), 'moto.lock'),
    () => progress('emulated AWS: another process is installing it: waiting for it'),
    async () => {
      if (!existsSync(python)) await install(directory, progress);
    },
  );
  return python;
};

const install = async (directory: string, progress: (line: string) => void): Promise<void> => {
  const python = findProgram('python3');
  if (python === undefined) throw new UnmetRequirement('the emulated AWS needs Python 3.11 or newer with venv: apt-get install python3-venv');
  requireSpace(cacheRoot(), NEEDED_GIB, 'installing the emulated AWS');
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  progress('emulated AWS: installing moto from PyPI (about 30 s and 320 MB, once)');
  const start = Date.now();
  try {
    await run([python, '-m', 'venv', partial]);
    // Every package is named with its version: --no-deps keeps pip from adding any.
    await run([join(partial, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '-r', requirements()]);
    // Only `bin/python` is used, which finds its packages wherever the folder is.
    await rename(partial, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  progress(`emulated AWS: installed (${Math.round((Date.now() - start) / 1000)} s)`);
};

export interface EmulatorOptions {
  readonly python: string;
  /** Where it listens, on loopback. */
  readonly port: number;
  /** Where its Step Functions reach Lambda: the front proxy. */
  readonly frontPort: number;
  readonly logFile: string;
  /** Puts the command into a network namespace. @default - none */
  readonly inside?: (argv: readonly string[]) => readonly string[];
}

/** Runs until it is killed. In memory only. */
export const startEmulator = ({ python, port, frontPort, logFile, inside = (argv) => argv }: EmulatorOptions): ChildProcess => {
  const log = openSync(logFile, 'a');
  return startDetached(inside([python, '-W', 'ignore', '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)]), {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'] ?? '',
      MOTO_PORT: String(frontPort),
      AWS_ACCESS_KEY_ID: 'lab',
      AWS_SECRET_ACCESS_KEY: 'lab',
      // Without these botocore looks for an instance's metadata service, and waits for it.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_DEFAULT_REGION: 'us-east-1',
    },
  });
};
