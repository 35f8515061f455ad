import type { EnvironmentInput } from '../topology/types';
import { gibibytes, hours, mebibytes, millicores } from '../topology/units';

/** Two regions: Frankfurt writes, Northern Virginia takes over. */
export const production: EnvironmentInput = {
  name: 'production',
  regions: [
    {
      name: 'eu-central-1',
      role: 'home',
      zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
      network: { vpcCidr: '10.10.0.0/16' },
    },
    {
      name: 'us-east-1',
      role: 'standby',
      zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
      network: { vpcCidr: '10.20.0.0/16', serviceCidr: '172.21.0.0/16' },
    },
  ],
  everyRegion: {
    cluster: { instanceType: 'm7i.2xlarge', nodesPerAz: 2, maxNodesPerAz: 4 },
    postgres: {
      maxConnections: 400,
      sharedBuffers: mebibytes(4096),
      storage: gibibytes(500),
      resources: { cpu: millicores(4000), memory: mebibytes(16384), cpuLimit: millicores(6000) },
    },
    pooler: { poolSize: 90, maxClientConnections: 5000 },
  },
  cache: { maxMemory: mebibytes(2048), storage: gibibytes(20), resources: { cpu: millicores(250), memory: mebibytes(3072), cpuLimit: millicores(2000) } },
  // The zone and its id are yours: this one belongs to nobody.
  dns: { zoneName: 'example.com', zoneId: 'Z00000000000000EXAMPLE', preferences: { NA: 'us-east-1', SA: 'us-east-1' } },
  // The catalogue's limits; managed rule groups only count until somebody has looked at what they would have blocked.
  edge: {},
  failover: {
    witness: 'eu-west-1',
    leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-west-3'],
    switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'],
  },
  // In the afternoon of a working day in Frankfurt: Virginia is awake, too.
  drills: [{ drill: 'primary-node-dies' }, { drill: 'az-lost' }, { drill: 'credentials-compromised' }],
  drillPolicy: {
    timeZone: 'Europe/Berlin',
    fromHour: 13,
    toHour: 17,
    approval: true,
    evidenceYears: 7,
    blackouts: [{ from: '2026-12-14', to: '2027-01-06', because: 'year-end freeze' }],
  },
  backups: { retentionDays: 35, objectLockDays: 14, secondRepository: true, delayedReplica: { delay: hours(1) } },
};
