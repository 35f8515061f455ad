import { disarm } from '../faults/dead-man';
import { healEverything } from '../faults/heal';
import type { LabSettings } from '../settings';
import type { Progress } from '../up';

/** The end of a run, whatever became of it: each of these happens whatever becomes of the others. @param healed the run has healed its faults itself */
export const cleanUp = async (lab: LabSettings, progress: Progress, healed: boolean, stops: readonly Promise<unknown>[]): Promise<void> => {
  const cleanup = await Promise.allSettled([healed ? disarm(lab) : healEverything(lab).then(() => disarm(lab)), ...stops]);
  const failure = cleanup.find((result) => result.status === 'rejected');
  if (failure !== undefined) progress(`cleaning up failed: ${String(failure.reason)}; the dead man's timer tries again`);
};
