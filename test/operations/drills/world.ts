/** An environment with drills on its schedule, and proofs of them. */
import { defineEnvironment } from '../../../lib/topology/define';
import type { Scenario } from '../../../lib/topology/scenarios';
import type { DrillPolicy, Environment } from '../../../lib/topology/types';
import type { Proof } from '../../../lib/operations/drills/proof';
import { withStandby } from '../../topology/fixtures';

const made = new Map<string, Environment>();

/** Every rule is checked once per policy: that takes a while. */
export const scheduled = (policy: Partial<DrillPolicy> = {}): Environment => {
  const key = JSON.stringify(policy);
  const environment = made.get(key) ?? define(policy);
  made.set(key, environment);
  return environment;
};

const define = (policy: Partial<DrillPolicy>): Environment =>
  defineEnvironment({
    ...withStandby({}),
    dns: { zoneName: 'example.com', zoneId: 'Z1' },
    failover: { witness: 'eu-west-1', leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-west-3'], switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'] },
    name: 'shop',
    drills: [{ drill: 'primary-node-dies' }, { drill: 'az-lost' }, { drill: 'credentials-compromised' }],
    drillPolicy: { timeZone: 'Europe/Berlin', stopAlarms: ['checkout-errors'], ...policy },
  });

export const proof = (drill: Scenario, at: string, changes: Partial<Proof> = {}): Proof => ({
  drill,
  environment: 'shop',
  ranIn: 'shop',
  at,
  verdict: 'pass',
  kind: 'signed',
  source: `${drill}.json`,
  ...changes,
});
