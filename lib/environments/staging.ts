import { backend } from '../profiles/backend';
import { REFERENCE_BACKEND } from '../topology/defaults-workloads';
import type { EnvironmentInput } from '../topology/types';
import { gibibytes } from '../topology/units';

/** The reference backend, built from this repository by `cdk deploy`: releases are tried here before they matter. */
const shop = backend({ image: REFERENCE_BACKEND });

/** Production's shape in one region, with smaller machines, and with a service of a user in it. */
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
  // The zone and its id are yours, and so is the address: these belong to nobody.
  dns: { zoneName: 'staging.example.com', zoneId: 'Z0000000000000STAGING' },
  acme: { contact: 'platform@staging.example.com', names: ['app.staging.example.com'] },
  edge: {},
  workloads: shop.workloads,
  maintenance: { retention: shop.retention },
  drills: [{ drill: 'primary-node-dies' }, { drill: 'az-lost', every: 'month' }, { drill: 'credentials-compromised' }],
  drillPolicy: { timeZone: 'Europe/Berlin' },
  backups: { retentionDays: 14 },
};
