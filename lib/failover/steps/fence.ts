/**
 * The old region commits nothing any more: because it has said so, or because its lease has run out. Which of the two is enough depends on what was promised: a failback
 * loses nothing, and so needs the old region's word, and all of its log.
 */
import { NotYet, Refused } from '../errors';
import type { FailoverPorts } from '../failover-ports';
import { waitOut } from '../lease-keeper';
import { isStandby, leaderOf, type FenceEvidence, type MemberSight, type RegionSight } from '../region-observation';
import type { FailoverSettings } from '../settings';
import { epochOf, executionOf, marked, orSilence, result, sourceOf, type FailoverRequest, type StepResult } from './run';

export type FencePorts = Pick<FailoverPorts, 'lease' | 'region' | 'clock'>;

/** Pause between two looks at a region that is being demoted. Milliseconds. */
const LOOK_EVERY = 250;
/** So long a crash failover waits for what a demoted region has left to send. Milliseconds. */
const CATCH_UP = 10_000;
/** A failback's fence is asked again (`NotYet`) after so long. Milliseconds. */
const ONE_ROUND = 10_000;

export const fence = async (settings: FailoverSettings, ports: FencePorts, request: FailoverRequest): Promise<StepResult<'fenced'>> => {
  const source = sourceOf(await marked(settings, ports, request, 'leased'));
  await promised(settings, ports, request);
  // Both answers are here: whatever deadline the old region has was granted for a question that it sent before this moment.
  const since = ports.clock.elapsed();
  const done = request.direction === 'failback' ? await handedOver(settings, ports, request, source) : await ended(settings, ports, request, source, since);
  await marked(settings, ports, request, 'fenced');
  return result('fenced', done.evidence.detail, { evidence: done.evidence.kind, everythingReceived: done.everything });
};

const promised = async (settings: FailoverSettings, ports: FencePorts, request: FailoverRequest): Promise<void> => {
  const answer = await ports.region(request.target).promise({ epoch: epochOf(request), execution: executionOf(settings, request) });
  if (answer.kind === 'refused') throw new Refused(`${request.target} does not promise: ${answer.because}`);
};

interface Fenced {
  readonly evidence: FenceEvidence;
  /** The target has received the old region's log to its end. */
  readonly everything: boolean;
}

/** By its word, or by the end of its lease, whichever comes first. */
const ended = async (settings: FailoverSettings, ports: FencePorts, request: FailoverRequest, source: string, since: number): Promise<Fenced> => {
  const { clock } = ports;
  const end = since + waitOut(settings.lease) * 1000;
  const demotion = orSilence(demoted(settings, ports, request, source, end));
  const sight = await Promise.race([demotion, clock.sleep(end - clock.elapsed()).then(() => undefined)]);
  if (sight !== undefined) {
    const missing = await receiveAll(ports, request, source, sight, CATCH_UP);
    return { evidence: { kind: 'demoted', detail: `${source} has stepped back` }, everything: missing === undefined };
  }
  // A timer may be early by what its clock is coarse.
  while (clock.elapsed() < end) await clock.sleep(Math.max(1, end - clock.elapsed()));
  const detail = `the lease of ${source} has run out: ${waitOut(settings.lease)} s since the store and ${request.target} have confirmed that nobody renews it`;
  return { evidence: { kind: 'expired', detail }, everything: false };
};

/** A region that answers is told to step back. @returns its members, all of them standbys; undefined: not in time */
const demoted = async (
  settings: FailoverSettings,
  ports: FencePorts,
  request: FailoverRequest,
  source: string,
  end: number,
): Promise<RegionSight | undefined> => {
  const { clock } = ports;
  const door = ports.region(source);
  let asked = false;
  while (clock.elapsed() < end) {
    if (!asked) {
      const question = { epoch: epochOf(request), execution: executionOf(settings, request), target: request.target };
      asked = (await orSilence(door.demote(question)))?.kind === 'done';
    }
    const sight = asked ? await orSilence(door.members()) : undefined;
    if (sight !== undefined && isFenced(sight, epochOf(request))) return sight;
    await clock.sleep(LOOK_EVERY);
  }
  return undefined;
};

/** Its server has written its last, by the word of its Patroni, which says `demoted` from then on; in a region that follows it is started as a standby and nothing else. */
const hasStopped = ({ state, role }: MemberSight): boolean => state === 'stopped' || role === 'demoted';

/** Every member is a standby, or has stopped, in a region that follows in this very epoch: an answer from an earlier life proves nothing. */
const isFenced = ({ role, members, expectedMembers }: RegionSight, epoch: number): boolean =>
  role?.follows === true && role.epoch === epoch && members.filter((m) => isStandby(m) || hasStopped(m)).length >= expectedMembers;

const handedOver = async (settings: FailoverSettings, ports: FencePorts, request: FailoverRequest, source: string): Promise<Fenced> => {
  const { clock } = ports;
  const sight = await demoted(settings, ports, request, source, clock.elapsed() + ONE_ROUND);
  if (sight === undefined) throw new NotYet(`${source} has not stepped back yet`);
  const missing = await receiveAll(ports, request, source, sight, ONE_ROUND);
  if (missing !== undefined) throw new NotYet(`${request.target} has not received everything that ${source} has written: ${missing}`);
  return { evidence: { kind: 'demoted', detail: `${source} has stepped back, and ${request.target} has all of its log` }, everything: true };
};

/**
 * How far the log of a region goes that writes no more; undefined: not known. A primary that ends in order sends its log to every standby before it goes: all but the one
 * that has ended know its end, and that many have to say.
 */
const endOfLog = ({ members, expectedMembers }: RegionSight): number | undefined => {
  const ends = members.flatMap(({ written, received, replayed }) => {
    const end = Math.max(written ?? -1, received ?? -1, replayed ?? -1);
    return end < 0 ? [] : [end];
  });
  const stopped = Math.min(1, members.filter(hasStopped).length);
  return ends.length === 0 || ends.length < expectedMembers - stopped ? undefined : Math.max(...ends);
};

/**
 * Waits until the target has the old region's log to its end. In the moment in which a primary ends not every member answers, so those whose answer is missing are asked
 * again; where the log ends does not change any more once the region is fenced.
 * @returns what is missing after so many milliseconds; undefined: nothing
 */
const receiveAll = async (
  ports: FencePorts,
  request: FailoverRequest,
  source: string,
  sight: RegionSight,
  milliseconds: number,
): Promise<string | undefined> => {
  const { clock } = ports;
  const deadline = clock.elapsed() + milliseconds;
  let end = endOfLog(sight);
  for (;;) {
    if (end === undefined) {
      const again = await orSilence(ports.region(source).members());
      if (again !== undefined && isFenced(again, epochOf(request))) end = endOfLog(again);
    }
    const missing = lackOf(end, await orSilence(ports.region(request.target).members()));
    if (missing === undefined || clock.elapsed() >= deadline) return missing;
    await clock.sleep(LOOK_EVERY);
  }
};

/** @returns what the target lacks, in words; undefined: it has everything */
const lackOf = (end: number | undefined, target: RegionSight | undefined): string | undefined => {
  if (end === undefined) return 'where the log ends is not known, because not enough members have said how far they have it';
  if (target === undefined) return 'it does not answer';
  const replayed = leaderOf(target)?.replayed;
  if (replayed === undefined) return 'its leader does not say how far it has replayed';
  return replayed >= end ? undefined : `${end - replayed} bytes are missing`;
};
