/** The right to write is promised to the target: from now on the old holder can't renew it, and nobody else can do the same. */
import type { FailoverPorts } from '../failover-ports';
import type { FailoverSettings } from '../settings';
import { recheck } from './precheck';
import { byOf, epochOf, executionOf, notGranted, result, type FailoverRequest, type StepResult } from './run';

export type LeasePorts = Pick<FailoverPorts, 'lease' | 'region' | 'clock'>;

/** @throws CarriedOut, or Refused when somebody else was faster; NoAnswer: asked again, an advance that was carried out is known as this run's own */
export const takeLease = async (settings: FailoverSettings, ports: LeasePorts, request: FailoverRequest): Promise<StepResult<'taken'>> => {
  const { fromEpoch, target } = request;
  await recheck(settings, ports, request);
  const { lease, clock } = ports;
  const answer = await lease.advance({ fromEpoch, to: target, execution: executionOf(settings, request), now: clock.now() });
  if (answer.kind === 'refused') throw notGranted(settings, request, answer);
  return result('taken', `${target} has the lease in epoch ${epochOf(request)}`, { epoch: epochOf(request) });
};

/** The end of a run: the lease is held, and the cooldown begins. */
export const settle = async (
  settings: FailoverSettings,
  { lease, clock }: Pick<FailoverPorts, 'lease' | 'clock'>,
  request: FailoverRequest,
): Promise<StepResult<'settled'>> => {
  const answer = await lease.settle({
    epoch: epochOf(request),
    execution: executionOf(settings, request),
    now: clock.now(),
    cooldown: settings.cooldown * 1000,
    by: byOf(request),
  });
  if (answer.kind === 'refused') throw notGranted(settings, request, answer);
  return result('settled', `${request.target} holds the lease in epoch ${epochOf(request)}`);
};
