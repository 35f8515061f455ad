/**
 * An environment is one value. To add one, copy this file to `lib/environments/orders-eu.ts` (the environment's name, and its export in camel case);
 * `holdfast check <name>` says at once what is wrong with it, `holdfast plan <name>` what it will be.
 */
import type { EnvironmentInput } from '../lib/topology/types';
import { days, gibibytes, mebibytes, millicores, seconds } from '../lib/topology/units';

export const ordersEu: EnvironmentInput = {
  name: 'orders-eu',
  account: '123456789012',
  regions: [
    {
      name: 'eu-west-1',
      role: 'home',
      zones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
      network: { vpcCidr: '10.100.0.0/16' },
    },
    {
      name: 'eu-north-1',
      role: 'standby',
      zones: ['eu-north-1a', 'eu-north-1b', 'eu-north-1c'],
      network: { vpcCidr: '10.101.0.0/16', natGateways: 'one' },
    },
  ],
  // For both regions, unless a region says otherwise.
  everyRegion: {
    cluster: { instanceType: 'r7i.xlarge' },
    postgres: {
      database: 'orders',
      applicationRole: 'orders',
      maxConnections: 300,
      sharedBuffers: mebibytes(4096),
      storage: gibibytes(200),
      resources: { cpu: millicores(2000), memory: mebibytes(16_384), cpuLimit: millicores(3500) },
      parameters: { work_mem: '32MB', random_page_cost: 1.1 },
    },
    pooler: { poolSize: 70 },
  },
  certificates: { lifetime: days(60), renewBefore: days(20) },
  backups: { retentionDays: 30, objectLockDays: 7, replicateToStandby: true },
  // A tighter promise than the default. The budget has to keep it: 4 s would be refused, and the error would name the stage to change.
  objectives: { switchover: { rto: seconds(5) } },
};
