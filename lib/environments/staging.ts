import type { EnvironmentInput } from '../topology/types';
import { gibibytes } from '../topology/units';

/** Production's shape in one region, with smaller machines. */
export const staging: EnvironmentInput = {
  name: 'staging',
  regions: [
    {
      name: 'eu-central-1',
      role: 'home',
      zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
      network: { vpcCidr: '10.30.0.0/16' },
    },
  ],
  everyRegion: { cluster: { instanceType: 'm7i.xlarge' }, postgres: { storage: gibibytes(100) } },
  cache: {},
  drills: [{ drill: 'primary-node-dies' }, { drill: 'az-lost', every: 'month' }, { drill: 'credentials-compromised' }],
  drillPolicy: { timeZone: 'Europe/Berlin' },
  backups: { retentionDays: 14 },
};
