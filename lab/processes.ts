/** The processes that one lab started, by recorded pid and start time: a pid that the kernel has given to somebody else since is never touched. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from './exec';
import type { LabSettings } from './settings';

interface RecordedProcess {
  readonly pid: number;
  /** Clock ticks since boot: field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

const directory = (lab: LabSettings): string => join(lab.directory, 'processes');
/** Written when the process starts. */
export const processFile = (lab: LabSettings, name: string): string => join(directory(lab), `${name}.json`);

/** @returns undefined when there is no such process */
export const startTimeOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // it ended between our looking and reading: the answer asked for
  }
};

export const recordProcess = async (lab: LabSettings, name: string, pid: number | undefined): Promise<void> => {
  const startTime = pid === undefined ? undefined : startTimeOf(pid);
  if (pid === undefined || startTime === undefined) throw new Error(`${name} did not start: see ${lab.logs}`);
  await mkdir(directory(lab), { recursive: true });
  await writeFile(processFile(lab, name), JSON.stringify({ pid, startTime } satisfies RecordedProcess));
};

const recorded = async (lab: LabSettings, name: string): Promise<RecordedProcess | undefined> => {
  if (!existsSync(processFile(lab, name))) return undefined;
  return JSON.parse(await readFile(processFile(lab, name), 'utf8')) as RecordedProcess;
};

/** The pid, if that very process still lives. */
export const livePid = async (lab: LabSettings, name: string): Promise<number | undefined> => {
  const process = await recorded(lab, name);
  return process !== undefined && startTimeOf(process.pid) === process.startTime ? process.pid : undefined;
};

export const processNames = async (lab: LabSettings): Promise<string[]> =>
  existsSync(directory(lab)) ? (await readdir(directory(lab))).map((name) => name.replace(/\.json$/, '')) : [];

/** SIGKILL: the processes are pid 1 of their namespaces (all inside goes with them) or keep nothing worth a goodbye. Waits until they are gone. */
export const killProcesses = async (lab: LabSettings, names: readonly string[]): Promise<void> => {
  const pids = (await Promise.all(names.map((name) => livePid(lab, name)))).filter((pid) => pid !== undefined);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  const started = Date.now();
  while (pids.some((pid) => startTimeOf(pid) !== undefined && !isZombie(pid))) {
    if (Date.now() - started > 10_000) throw new Error(`processes ${pids.join(', ')} did not end within 10 s of SIGKILL`);
    await sleep(0.02);
  }
  await Promise.all(names.map((name) => rm(processFile(lab, name), { force: true })));
};

const isZombie = (pid: number): boolean => {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true; // gone
  }
};
