import type { EnvironmentInput } from '../topology/types';
import { gibibytes, mebibytes, millicores } from '../topology/units';

/** One region, small and cheap; loses nothing of the failover behaviour. */
export const dev: EnvironmentInput = {
  name: 'dev',
  retainData: false,
  regions: [
    {
      name: 'eu-central-1',
      role: 'home',
      zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
      network: { vpcCidr: '10.40.0.0/16', natGateways: 'one', flowLogRetentionDays: 7 },
    },
  ],
  everyRegion: {
    cluster: { instanceType: 't3.large' },
    etcd: { resources: { cpu: millicores(100), memory: mebibytes(256), cpuLimit: millicores(500) } },
    postgres: {
      maxConnections: 100,
      sharedBuffers: mebibytes(256),
      storage: gibibytes(20),
      resources: { cpu: millicores(250), memory: mebibytes(1024), cpuLimit: millicores(1500) },
    },
    pooler: { poolSize: 20, maxClientConnections: 500 },
  },
  backups: { retentionDays: 7 },
};
