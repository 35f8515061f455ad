/** The target becomes the primary region. From the mark on there is only forward. */
import { NotYet, Refused } from '../errors';
import type { Clock, FailoverPorts, RegionDoor } from '../failover-ports';
import { type MemberSight, writablePrimary } from '../region-observation';
import { claimsPrimary } from '../region-role';
import type { FailoverSettings } from '../settings';
import { epochOf, executionOf, marked, result, type FailoverRequest, type StepResult } from './run';

/** So long one call waits for the new primary: a look at it costs less than a call. Milliseconds. */
const ONE_CALL = 6000;
const LOOK_EVERY = 250;

export type PromotePorts = Pick<FailoverPorts, 'lease' | 'region' | 'clock'>;

/** The point of no return, by itself. @throws Refused: given up meanwhile, or not fenced */
export const commit = async (
  settings: FailoverSettings,
  ports: Pick<FailoverPorts, 'lease' | 'clock'>,
  request: FailoverRequest,
): Promise<StepResult<'committed'>> => {
  await marked(settings, ports, request, 'promoting');
  return result('committed', `from here on only forward, to ${request.target} in epoch ${epochOf(request)}`);
};

/** @throws NotYet while no member takes writes */
export const promote = async (settings: FailoverSettings, ports: PromotePorts, request: FailoverRequest): Promise<StepResult<'promoted'>> => {
  await marked(settings, ports, request, 'promoting');
  const { target } = request;
  const [door, epoch] = [ports.region(target), epochOf(request)];
  const answer = await door.promote({ epoch, execution: executionOf(settings, request) });
  if (answer.kind === 'refused' && !(claimsPrimary(answer.role) && answer.role.epoch === epoch))
    throw new Refused(`${target} is not promoted: ${answer.because}`);
  const primary = await promoted(ports.clock, door, epoch);
  if (primary === undefined) throw new NotYet(`no member of ${target} takes writes yet`);
  await marked(settings, ports, request, 'promoted');
  return result('promoted', `${primary.name} is the primary, in epoch ${epoch}`, { member: primary.name, epoch, timeline: primary.timeline ?? null });
};

const promoted = async (clock: Clock, door: RegionDoor, epoch: number): Promise<MemberSight | undefined> => {
  const end = clock.elapsed() + ONE_CALL;
  for (;;) {
    const sight = await door.members();
    const primary = writablePrimary(sight);
    if (primary !== undefined && sight.role?.epoch === epoch) return primary;
    if (clock.elapsed() >= end) return undefined;
    await clock.sleep(LOOK_EVERY);
  }
};
