/** A failback that is under way: from eu-central-1, which has the lease in epoch 1, to us-east-1. */
import { failoverSettings } from '../../lib/failover/settings';
import type { FailoverRequest } from '../../lib/failover/steps/run';
import { namedEnvironment } from '../stacks/environments';

export const settings = failoverSettings(namedEnvironment('production'), 'us-east-1', '123456789012');
export const EXECUTION = 'production-1-failback@us-east-1';
export const request: FailoverRequest = {
  direction: 'failback',
  target: 'us-east-1',
  fromEpoch: 1,
  renewals: 0,
  attempt: 'production-1-failback',
  startedAt: 0,
  person: 'ada',
  forceLoss: null,
  dryRun: false,
};
