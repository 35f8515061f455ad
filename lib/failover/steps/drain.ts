/**
 * Before a failback takes the lease: what would otherwise make the end of the old primary long is done while clients are served. Nothing depends on it but how long they
 * wait, so that what can't be done in time is told and left.
 */
import { MARK_BYTES } from '../carry-out';
import type { FailoverPorts, RegionDoor } from '../failover-ports';
import { leaderOf, writablePrimary } from '../region-observation';
import type { FailoverSettings } from '../settings';
import { notGranted, orSilence, result, type FailoverRequest, type StepResult } from './run';

export type DrainPorts = Pick<FailoverPorts, 'lease' | 'region' | 'clock'>;

/** Milliseconds. */
const PATIENCE = 60_000;
const LOOK_EVERY = 250;
/** Patroni hears of nothing for a second after a reload (carry-out.ts). Milliseconds. */
const RELOAD = 1500;

export const drain = async (settings: FailoverSettings, ports: DrainPorts, request: FailoverRequest): Promise<StepResult<'prepared' | 'unprepared'>> => {
  const record = await ports.lease.read();
  if (record?.epoch !== request.fromEpoch || record.phase !== 'held') {
    if (record?.phase === 'moving' && record.epoch === request.fromEpoch + 1) return result('unprepared', 'the lease is taken already');
    throw notGranted(settings, request, { record, because: 'the lease has changed since it was observed' });
  }
  const { clock } = ports;
  const [source, target] = [ports.region(record.holder), ports.region(request.target)];
  const written = await writtenBy(source);
  if (written === undefined) return result('unprepared', `${record.holder} does not say how far it has written`);
  const began = clock.elapsed();
  const answer = await source.prepare(`${request.attempt} ${clock.now()}`);
  if (answer.kind === 'refused') return result('unprepared', answer.because);
  const mark = written + MARK_BYTES;
  const replayed = async (): Promise<number> => leaderOf(await target.members())?.replayed ?? -1;
  while (((await orSilence(replayed())) ?? -1) < mark) {
    if (clock.elapsed() - began > PATIENCE)
      return result('unprepared', `${record.holder} has not written a checkpoint within ${PATIENCE / 1000} s: clients will wait longer`);
    await clock.sleep(LOOK_EVERY);
  }
  await clock.sleep(Math.max(0, began + RELOAD - clock.elapsed()));
  return result('prepared', `${record.holder} has written its checkpoint, and ${request.target} has it`);
};

const writtenBy = async (door: RegionDoor): Promise<number | undefined> => {
  const sight = await orSilence(door.members());
  return sight === undefined ? undefined : writablePrimary(sight)?.written;
};
