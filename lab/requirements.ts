/** What a machine needs to run a lab, checked before anything is touched. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cacheRoot } from './cache';

/** Why this machine can't run a lab, and what to do; undefined: it can. */
export const whyNoLab = (): string | undefined => {
  if (process.platform !== 'linux')
    return `the lab needs Linux network namespaces; this is ${process.platform}. Everything else works here: holdfast plan, check, synth, manifests`;
  if (process.getuid?.() !== 0) return 'the lab needs root (network namespaces, mounts, control groups): run it with sudo';
  if (!existsSync('/proc/self/ns/net')) return 'this kernel has no network namespaces';
  if (process.arch !== 'x64') return `the lab's Kubernetes is built for x86-64; this is ${process.arch}`;
  return undefined;
};

const NEEDED_GIB = 8;

/** @throws Error when there is too little room for a running lab */
export const checkDisk = async (): Promise<void> => {
  let directory = cacheRoot();
  while (!existsSync(directory)) directory = directory.slice(0, directory.lastIndexOf('/')) || '/';
  const { bavail, bsize } = await statfs(directory);
  const free = (bavail * bsize) / 1024 ** 3;
  if (free < NEEDED_GIB)
    throw new Error(
      `${cacheRoot()}: given ${free.toFixed(1)} GiB free; allowed: at least ${NEEDED_GIB} GiB; fix: free some, or point XDG_CACHE_HOME at a larger disk`,
    );
};

/** inotify instances, as counted: a node's kubelet has six, containerd and kube-proxy one each; a control plane has four. */
const INOTIFY = { perNode: 8, perRegion: 4 } as const;
const INOTIFY_LIMIT = '/proc/sys/fs/inotify/max_user_instances';

const inotifyInstances = (pid: string): number => {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === 'anon_inode:inotify').length;
  } catch {
    return 0; // ended
  }
};
const linkOf = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed
  }
};

/** The kernel limits them per user; a kubelet that gets none ends, and its node never becomes ready. @throws Error when there are too few */
export const checkInotify = (nodes: number, regions: number): void => {
  const limit = Number(readFileSync(INOTIFY_LIMIT, 'utf8'));
  const used = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .reduce((sum, pid) => sum + inotifyInstances(pid), 0);
  const needed = nodes * INOTIFY.perNode + regions * INOTIFY.perRegion;
  if (limit - used < needed)
    throw new Error(
      `inotify instances: given ${limit - used} of ${limit} free; allowed: at least ${needed} for ${nodes} nodes; fix: end another lab, or raise fs.inotify.max_user_instances`,
    );
};
