/**
 * Has the target the members and the room to carry all clients? Nothing is started here: in a region's worst hour nobody gets new machines, so the standby runs at its
 * full size (all regions have the same, `everyRegion`). What is missing of it is recorded and told, and keeps nobody from failing over: fewer members are more than none.
 */
import type { FailoverPorts } from '../failover-ports';
import type { FailoverSettings } from '../settings';
import { orSilence, result, type FailoverRequest, type StepResult } from './run';

export type ScalePorts = Pick<FailoverPorts, 'region'>;

export const scale = async (_: FailoverSettings, ports: ScalePorts, request: FailoverRequest): Promise<StepResult<'whole' | 'short' | 'unknown'>> => {
  const sight = await orSilence(ports.region(request.target).members());
  if (sight === undefined) return result('unknown', `${request.target} does not say how many members it has`);
  const running = sight.members.filter(({ state }) => ['running', 'streaming', 'in archive recovery'].includes(state)).length;
  const details = { running, expected: sight.expectedMembers };
  if (running < sight.expectedMembers) return result('short', `${running} of ${sight.expectedMembers} members of ${request.target} run`, details);
  return result('whole', `all ${running} members of ${request.target} run`, details);
};
