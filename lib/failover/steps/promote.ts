/** The target becomes the primary region. From the mark on there is only forward. */
import { NotYet, Refused } from '../errors';
import type { FailoverPorts } from '../failover-ports';
import { writablePrimary } from '../region-observation';
import { claimsPrimary } from '../region-role';
import type { FailoverSettings } from '../settings';
import { epochOf, executionOf, marked, result, type FailoverRequest, type StepResult } from './run';

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
  const sight = await door.members();
  const primary = writablePrimary(sight);
  if (primary === undefined || sight.role?.epoch !== epoch) throw new NotYet(`no member of ${target} takes writes yet`);
  await marked(settings, ports, request, 'promoted');
  return result('promoted', `${primary.name} is the primary, in epoch ${epoch}`, { member: primary.name, epoch, timeline: primary.timeline ?? null });
};
