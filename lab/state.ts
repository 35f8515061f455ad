/** Whether a lab exists, and in which state: kept in its directory, so that any later command (after a crash, too) can tell and clean up. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { livePid, startTimeOf } from './processes';
import { labDirectory, labRegions, type LabSettings } from './settings';

interface LabState {
  readonly phase: 'starting' | 'up';
  readonly environment: string;
  /** Who is bringing it up. */
  readonly starter: { readonly pid: number; readonly startTime: string };
  readonly binaries: string;
  readonly images: Readonly<Record<string, string>>;
}

const STATE_FILE = 'lab.json';
const file = (lab: LabSettings): string => join(lab.directory, STATE_FILE);

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
  // A region of several may be off: a drill does that.
  const alive = await Promise.all(labRegions(lab).map((region) => livePid(region, 'control-plane')));
  return alive.some((pid) => pid !== undefined) ? 'up' : 'broken';
};

/** The environment that a lab of this name runs; undefined when there is none. Read before anything else is known of it. */
export const environmentOfLab = (name: string): string | undefined => {
  const state = join(labDirectory(name), STATE_FILE);
  return existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as LabState).environment : undefined;
};

/** A further region's folder, within that of the lab: it comes and goes with it. */
export const claimRegion = async (lab: LabSettings, parts: Parts): Promise<void> => {
  await mkdir(lab.logs, { recursive: true, mode: 0o711 });
  await writeFile(file(lab), stateText(lab, 'starting', parts));
};

type Parts = Pick<LabState, 'binaries' | 'images'>;

const stateText = (lab: LabSettings, phase: LabState['phase'], parts: Parts): string => {
  const starter = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  return JSON.stringify({ phase, environment: lab.environment.name, starter, ...parts } satisfies LabState);
};

/**
 * Takes the lab's name: a folder with its state in it appears at once, by a rename, so that nobody ever sees one without.
 * @returns false when somebody else has the name; exactly one of two racing commands succeeds
 */
export const claim = async (lab: LabSettings, parts: Parts): Promise<boolean> => {
  const made = `${lab.directory}.${process.pid}`;
  await mkdir(join(made, 'logs'), { recursive: true, mode: 0o711 });
  await writeFile(join(made, STATE_FILE), stateText(lab, 'starting', parts));
  try {
    await rename(made, lab.directory);
    return true;
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if (error instanceof Error && 'code' in error && (error.code === 'EEXIST' || error.code === 'ENOTEMPTY')) return false;
    throw error;
  }
};

export const markUp = async (lab: LabSettings): Promise<void> => {
  const { binaries, images } = await readState(lab);
  await writeFile(file(lab), stateText(lab, 'up', { binaries, images }));
};

export const removeDirectory = (lab: LabSettings): Promise<void> => rm(lab.directory, { recursive: true, force: true });
