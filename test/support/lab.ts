/** The command line against a real lab, as a user runs it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoLab } from '../../lab/requirements';
import { programs, type Requirement } from './requires';

export const ROOT = join(__dirname, '..', '..');
const HOLDFAST = join(ROOT, 'holdfast');

/** What a lab needs, its tools included. */
export const canRunLab: Requirement = () => whyNoLab() ?? programs('buildah', 'debootstrap', 'containerd', 'runc', 'nft', 'ip')();

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `holdfast <args>` to its end. */
export const holdfast = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(HOLDFAST, args, { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });

/** Starts it and leaves it running, in a process group of its own so that all of it can be killed at once. */
export const startHoldfast = (args: readonly string[]): ChildProcess => spawn(HOLDFAST, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });

/** What a lab of that name could leave behind: processes by their command line, namespaces, mounts, cgroups. Empty: nothing. */
export const leftovers = (name: string): readonly string[] => {
  const prefix = `hf-${name}-`;
  const folder = `/labs/${name}/`;
  const processes = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => readOrNothing(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').includes(folder))
    .map((pid) => `process ${pid}: ${readOrNothing(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 120)}`);
  const namespaces = listOrNothing('/run/netns').filter((n) => n.startsWith(prefix));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(folder));
  const cgroups = listOrNothing('/sys/fs/cgroup')
    .flatMap((c) => [c, ...listOrNothing(`/sys/fs/cgroup/${c}`)])
    .filter((c) => c.startsWith(prefix));
  return [...processes, ...namespaces.map((n) => `namespace ${n}`), ...mounts.map((m) => `mount ${m}`), ...cgroups.map((c) => `cgroup ${c}`)];
};

/** '' when the process has ended meanwhile. */
const readOrNothing = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Nothing when there is no such folder. */
const listOrNothing = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
