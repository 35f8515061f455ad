import type { EnvironmentInput } from '../topology/types';
import { seconds } from '../topology/units';
import { labRegions } from './lab-regions';

/** The lab of two regions, with what takes over by itself when one of them is lost: production's shape, with a shorter lease and TTL. Not deployed to AWS. */
export const labFailover: EnvironmentInput = {
  ...labRegions,
  name: 'lab-failover',
  dns: { zoneName: 'holdfast.test', zoneId: 'Z00000000000000000LAB', ttl: seconds(10), preferences: { NA: 'us-east-1' } },
  // The lab's timings promise more than the defaults: the first write in the other region within 40 s, and DNS besides.
  objectives: { 'region-lost': { rto: seconds(75) }, 'region-isolated': { rto: seconds(75), rpo: seconds(6) } },
  failover: {
    witness: 'eu-west-1',
    leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-west-3'],
    switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'],
    lease: { duration: seconds(4), renewEvery: seconds(1), requestTimeout: seconds(1), margin: seconds(1.5) },
    // One drill after the other, each with a failover.
    cooldown: seconds(60),
    decision: { every: seconds(1), silentAfter: seconds(3) },
  },
};
