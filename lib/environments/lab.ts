import type { EnvironmentInput } from '../topology/types';
import { days, gibibytes, hours, mebibytes, millicores, seconds } from '../topology/units';

/** Sizes that fit several times on one machine. */
export const smallRegion: NonNullable<EnvironmentInput['everyRegion']> = {
  etcd: { storage: gibibytes(1), quota: mebibytes(128), resources: { cpu: millicores(50), memory: mebibytes(128), cpuLimit: millicores(1000) } },
  postgres: {
    maxConnections: 100,
    sharedBuffers: mebibytes(128),
    storage: gibibytes(2),
    // A limit, and hardly used: with less, a database of 1 GB is read from disk again and again while it is restored.
    resources: { cpu: millicores(100), memory: mebibytes(1536), cpuLimit: millicores(2000) },
  },
  pooler: { poolSize: 20, maxClientConnections: 500, resources: { cpu: millicores(20), memory: mebibytes(64), cpuLimit: millicores(500) } },
  follower: { resources: { cpu: millicores(20), memory: mebibytes(128), cpuLimit: millicores(500) } },
};

/** A cache of the same kind. */
export const smallCache: NonNullable<EnvironmentInput['cache']> = {
  maxMemory: mebibytes(64),
  storage: gibibytes(3),
  resources: { cpu: millicores(20), memory: mebibytes(160), cpuLimit: millicores(1000) },
  keeper: { resources: { cpu: millicores(20), memory: mebibytes(128), cpuLimit: millicores(500) } },
};

/** What the lab runs on one machine: production's home region in everything but sizes. Not deployed to AWS. */
export const lab: EnvironmentInput = {
  name: 'lab',
  retainData: false,
  regions: [
    {
      name: 'eu-central-1',
      role: 'home',
      zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
      network: { vpcCidr: '10.50.0.0/16', serviceCidr: '172.20.0.0/16' },
    },
  ],
  everyRegion: smallRegion,
  backups: { archiveTimeout: seconds(10), processMax: 4, delayedReplica: { delay: seconds(30) } },
  maintenance: {
    // The tables of a proof-of-useful-work service, which the drill maintenance-under-load makes.
    retention: [
      { table: 'challenges', column: 'expires_at', olderThan: days(7), archiveTo: null, every: 'month' },
      { table: 'used_nonces', column: 'created_at', olderThan: hours(24), archiveTo: null, every: 'month' },
      { table: 'receipts', column: 'submitted_at', olderThan: days(90), archiveTo: 'receipts_archive', every: 'month' },
    ],
  },
  cache: smallCache,
};
