/** Control groups of a lab's nodes (v1: one tree per controller; v2: one tree). */
import { existsSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../exec';

const ROOT = '/sys/fs/cgroup';
const isV2 = existsSync(join(ROOT, 'cgroup.controllers'));

/** The folders of one node's cgroup: one per controller, or one. */
const foldersOf = async (cgroup: string): Promise<string[]> => {
  const parents = isV2 ? [ROOT] : (await readdir(ROOT)).map((name) => join(ROOT, name));
  return parents.map((parent) => join(parent, cgroup)).filter((folder) => existsSync(folder));
};

const removeTree = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder);
};

/** Removes a dead node's cgroups; the kernel needs a moment after the last process. @throws Error when they are still in use after 10 s */
export const removeCgroups = async (cgroup: string): Promise<void> => {
  const started = Date.now();
  for (;;) {
    let lastError: unknown;
    for (const folder of await foldersOf(cgroup)) {
      try {
        await removeTree(folder);
      } catch (error) {
        lastError = error; // busy: a process is still on its way out
      }
    }
    if ((await foldersOf(cgroup)).length === 0) return;
    if (Date.now() - started > 10_000) throw new Error(`cgroup ${cgroup} can't be removed`, { cause: lastError });
    await sleep(0.05);
  }
};

/** Every process of a node's pods, from one of the trees. */
export const processesIn = async (cgroup: string): Promise<number[]> => {
  const folder = isV2 ? join(ROOT, cgroup) : join(ROOT, 'pids', cgroup);
  return existsSync(folder) ? collect(folder) : [];
};

const collect = async (folder: string): Promise<number[]> => {
  try {
    const own = (await readFile(join(folder, 'cgroup.procs'), 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
    const children = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    return [...own, ...(await Promise.all(children.map((child) => collect(join(folder, child.name))))).flat()];
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENODEV')) return []; // a pod that has just ended
    throw error;
  }
};
