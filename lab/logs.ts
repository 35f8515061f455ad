/** What a lab wrote: the machines' own logs as files, the pods' through Kubernetes. */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from './cache';
import type { LabSettings } from './settings';

/** Names that `holdfast lab logs <name>` takes, for the machines. */
export const machineLogs = async (lab: LabSettings): Promise<readonly string[]> =>
  (await readdir(lab.logs))
    .filter((f) => f.endsWith('.log'))
    .map((f) => f.slice(0, -4))
    .sort();

/** Keeps the logs of a lab that is about to be removed because it failed. @returns where they are */
export const keepLogs = async (lab: LabSettings): Promise<string> => {
  const target = join(cacheRoot(), 'logs', `${lab.name}-${new Date().toISOString().replace(/[:.]/g, '-')}`);
  await mkdir(target, { recursive: true });
  await cp(lab.logs, target, { recursive: true });
  return target;
};
