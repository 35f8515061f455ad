import { accessSync, constants, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** This machine can't do what is asked for, as it is. The message says what is missing and what to do about it. */
export class UnmetRequirement extends Error {
  override readonly name = 'UnmetRequirement';
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Where a program of the host is, or undefined. The administrator's directories count even when they are not on the user's path. */
export const findProgram = (program: string): string | undefined =>
  `${process.env.PATH ?? ''}:${SYSTEM_PATH}`
    .split(':')
    .map((directory) => join(directory, program))
    .find(executable);

/** @throws UnmetRequirement naming every program that is missing */
export const requirePrograms = (programs: readonly string[]): void => {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length > 0)
    throw new UnmetRequirement(`missing programs: ${missing.join(', ')}; fix: run scripts/host-packages.sh as root (it installs them with apt)`);
};

/** @throws UnmetRequirement when this is not Linux, or not root */
export const requireRoot = (what: string): void => {
  if (process.platform !== 'linux') throw new UnmetRequirement(`${what} needs Linux; this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new UnmetRequirement(`${what} needs root (namespaces and mounts); fix: run it with sudo`);
};

const GIBIBYTE = 1024 ** 3;

/** @throws UnmetRequirement when less than `gibibytes` is free where `directory` is (it must exist) */
export const requireSpace = (directory: string, gibibytes: number, what: string): void => {
  const { bavail, bsize } = statfsSync(directory);
  const free = (bavail * bsize) / GIBIBYTE;
  if (free < gibibytes)
    throw new UnmetRequirement(
      `${what} needs ${gibibytes} GiB of free disk space in ${directory}; there are ${free.toFixed(1)}; fix: free some, or point XDG_CACHE_HOME to a larger disk`,
    );
};
