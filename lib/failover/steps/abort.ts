/** Gives a run up: the old region has the lease again, in a later epoch, so that nothing which was begun can be finished. Refused after the point of no return. */
import type { DoorStatus, FailoverPorts } from '../failover-ports';
import { isPastReturn, type LeaseRecord } from '../lease';
import { claimsPrimary } from '../region-role';
import type { FailoverSettings } from '../settings';
import { byOf, doneBefore, epochOf, executionOf, orSilence, result, type FailoverRequest, type StepResult } from './run';

export type AbortPorts = Pick<FailoverPorts, 'lease' | 'region' | 'clock' | 'notify'>;
/** `too-late`: go on with the promotion. `carried-out`: another attempt has ended the same change. */
export type AbortKind = 'undone' | 'too-late' | 'carried-out';

export const abort = async (settings: FailoverSettings, ports: AbortPorts, request: FailoverRequest): Promise<StepResult<AbortKind>> => {
  const execution = executionOf(settings, request);
  const epoch = epochOf(request);
  const cooldown = settings.cooldown * 1000;
  const answer = await ports.lease.giveBack({ epoch, execution, now: ports.clock.now(), cooldown, by: byOf(request) });
  if (answer.kind === 'refused') {
    const done = doneBefore(settings, request, answer.record);
    return done === undefined ? notGivenBack(answer.record, answer.because, epoch, execution) : result('carried-out', done);
  }
  // A promise that is left behind binds only epochs that nobody has any more.
  const withdrawn = (await orSilence(ports.region(request.target).withdraw({ epoch, execution })))?.kind === 'done';
  const { holder, epoch: regained } = answer.record;
  const restored = await restore(ports, holder, regained, execution);
  if (!restored) {
    await ports.notify.tell(
      'page',
      `${request.attempt}-not-restored`,
      `${request.attempt} was given up; ${holder} has the lease in epoch ${regained}, and is not seen to be primary`,
    );
  }
  return result('undone', `${holder} has the lease again, in epoch ${regained}`, { withdrawn, restored, epoch: regained });
};

const notGivenBack = (record: LeaseRecord | null, because: string, epoch: number, execution: string): StepResult<AbortKind> => {
  const ours = record?.execution === execution && record.epoch === epoch;
  if (record !== null && ours && isPastReturn(record)) return result('too-late', because);
  return result('undone', `this run has not taken the lease, or somebody else has it by now: ${because}`, { withdrawn: false, restored: true });
};

/** A region that had stepped back for this run becomes primary again: nobody else has been promoted, and nobody will be, in the epochs before. */
const restore = async (ports: AbortPorts, holder: string, epoch: number, execution: string): Promise<boolean> => {
  const door = ports.region(holder);
  const status: DoorStatus | undefined = await orSilence(door.status());
  if (status === undefined) return false;
  if (claimsPrimary(status)) return true;
  // A region is promoted only in the epoch that it has promised.
  if ((await orSilence(door.promise({ epoch, execution })))?.kind !== 'done') return false;
  return (await orSilence(door.promote({ epoch, execution })))?.kind === 'done';
};
