import type { EnvironmentInput } from '../topology/types';
import { smallRegion } from './lab';

/** What a lab of two regions runs on one machine: production's shape in everything but sizes. Not deployed to AWS. */
export const labRegions: EnvironmentInput = {
  name: 'lab-regions',
  retainData: false,
  regions: [
    {
      name: 'eu-central-1',
      role: 'home',
      zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
      network: { vpcCidr: '10.50.0.0/16', serviceCidr: '172.20.0.0/16' },
    },
    {
      name: 'us-east-1',
      role: 'standby',
      zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
      network: { vpcCidr: '10.60.0.0/16', serviceCidr: '172.21.0.0/16' },
    },
  ],
  everyRegion: smallRegion,
  // No cache: with two of them two cores are busy all the time, and a drill of regions measures that (lab-regions-cache has them).
};
