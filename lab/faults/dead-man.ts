/** A timer in a process of its own: heals the lab when the drill that armed it dies, or lasts too long. */
import { openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, startDetached } from '../exec';
import { livePid, recordProcess, startTimeOf } from '../processes';
import type { LabSettings } from '../settings';
import { healEverything } from './heal';

interface Armed {
  readonly owner: { readonly pid: number; readonly startTime: string };
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

const file = (lab: LabSettings): string => join(lab.directory, 'armed.json');
const NAME = 'dead-man';

/**
 * Arms the timer. `command` runs `watch` below, in a new process.
 * @param withinSeconds longest time until the fault is healed, whatever happens
 */
export const arm = async (lab: LabSettings, command: readonly string[], withinSeconds: number): Promise<void> => {
  const owner = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  await writeFile(file(lab), JSON.stringify({ owner, deadline: Date.now() + withinSeconds * 1000 } satisfies Armed));
  if ((await livePid(lab, NAME)) !== undefined) return;
  const log = openSync(join(lab.logs, 'dead-man.log'), 'a');
  const child = startDetached(command, { stdio: ['ignore', log, log] });
  await recordProcess(lab, NAME, child.pid);
};

/** The drill healed its fault itself. The timer's process ends by itself. */
export const disarm = (lab: LabSettings): Promise<void> => rm(file(lab), { force: true });

/** The timer's process: ends when disarmed, heals when the owner is gone or the time is up. */
export const watch = async (lab: LabSettings, report: (line: string) => void): Promise<void> => {
  while (existsSync(file(lab))) {
    await sleep(0.25);
    if (!existsSync(file(lab))) return;
    const armed = JSON.parse(await readFile(file(lab), 'utf8')) as Armed;
    const ownerGone = startTimeOf(armed.owner.pid) !== armed.owner.startTime;
    if (!ownerGone && Date.now() < armed.deadline) continue;
    report(`${ownerGone ? 'the drill died' : 'the time is up'}: healing the lab`);
    for (const line of await healEverything(lab)) report(line);
    await disarm(lab);
    return;
  }
};
