/** Whether a lab exists, and in which state: kept in its directory, so that any later command (after a crash, too) can tell and clean up. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { livePid, processNames, startTimeOf } from './processes';
import type { LabSettings } from './settings';

interface LabState {
  readonly phase: 'starting' | 'up';
  readonly environment: string;
  /** Who is bringing it up. */
  readonly starter: { readonly pid: number; readonly startTime: string };
  readonly binaries: string;
  readonly images: Readonly<Record<string, string>>;
}

const file = (lab: LabSettings): string => join(lab.directory, 'lab.json');

/**
 * - `absent`: nothing there.
 * - `starting`: another process is bringing it up right now.
 * - `up`: running.
 * - `broken`: left over from a crash; `removeLab` cleans it.
 */
export type Phase = 'absent' | 'starting' | 'up' | 'broken';

export const readState = async (lab: LabSettings): Promise<LabState> => JSON.parse(await readFile(file(lab), 'utf8')) as LabState;

export const phaseOf = async (lab: LabSettings): Promise<Phase> => {
  if (!existsSync(lab.directory)) return 'absent';
  if (!existsSync(file(lab))) return 'broken';
  const state = await readState(lab);
  if (state.phase === 'starting') return startTimeOf(state.starter.pid) === state.starter.startTime ? 'starting' : 'broken';
  return (await livePid(lab, 'control-plane')) === undefined ? 'broken' : 'up';
};

/** Takes the lab's name; exactly one of two racing commands succeeds. @returns false when somebody else has it */
export const claim = async (lab: LabSettings): Promise<boolean> => {
  await mkdir(join(lab.directory, '..'), { recursive: true });
  try {
    await mkdir(lab.directory, { mode: 0o711 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  await mkdir(lab.logs);
  return true;
};

export const writeState = async (lab: LabSettings, phase: LabState['phase'], parts: Pick<LabState, 'binaries' | 'images'>): Promise<void> => {
  const starter = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  await writeFile(file(lab), JSON.stringify({ phase, environment: lab.environment.name, starter, ...parts } satisfies LabState));
};

export const removeDirectory = (lab: LabSettings): Promise<void> => rm(lab.directory, { recursive: true, force: true });

export { processNames };
