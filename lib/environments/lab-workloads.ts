import { backend } from '../profiles/backend';
import type { Profile, ProfileInput } from '../profiles/profile';
import type { EnvironmentInput } from '../topology/types';
import { REFERENCE_BACKEND } from '../topology/defaults-workloads';
import { hours, mebibytes, millicores, minutes, seconds } from '../topology/units';
import { lab, smallCache, smallRegion } from './lab';

/**
 * What a profile is given in the lab: the reference backend, which answers what the profile describes, small and with short pauses: a drill waits for each of them.
 * `FAULTS`: a drill may tell it to misbehave.
 */
export const inTheLab = {
  image: REFERENCE_BACKEND,
  resources: { cpu: millicores(100), cpuLimit: millicores(500), memory: mebibytes(128), memoryLimit: mebibytes(256) },
  probes: { startup: { failures: 10 } },
  databaseConnections: 5,
  rollout: {
    progressDeadline: seconds(40),
    formerStays: seconds(10),
    analysis: { duration: seconds(15), interval: seconds(3), maxP99: seconds(1) },
  },
  environment: { FAULTS: '1', RELEASE: '1' },
} satisfies ProfileInput;

/** Drills of a steady state make 17 requests a second and replica, a surge 40. A request of so little CPU would be used up by either. A profile's queue stays. */
export const SCALING = { min: 3, max: 6, cpuPercent: null, requestsPerSecond: 30 } as const;
/** By a queue that a drill fills in seconds. */
export const scalingByQueue = (metric: string): NonNullable<ProfileInput['scaling']> => ({
  ...SCALING,
  queue: { metric, perReplica: 100, backpressureAt: 1000 },
});

const shop = backend({
  ...inTheLab,
  scaling: scalingByQueue('backend_queue_depth'),
  drain: { preStop: seconds(5), timeout: seconds(10), grace: seconds(20) },
});

/** The lab with a cache and the services of a profile in it, and what stands before them. */
export const labWith = (name: string, profile: Profile): EnvironmentInput => ({
  ...lab,
  name,
  everyRegion: { ...smallRegion, pooler: { ...smallRegion.pooler, maxClientConnections: 500 } },
  cache: smallCache,
  // The catalogue's limits; a drill waits for what ends by itself.
  edge: {
    // What one machine can be asked ten times as much of.
    limits: { waf: { requestsPerSecond: 60 } },
    warmUp: seconds(20),
    invalidSignatures: { perAddress: 10, window: seconds(60), blockFor: seconds(60) },
  },
  gateway: {
    maxConnections: 2000,
    addresses: 20_000,
    resources: { cpu: millicores(20), memory: mebibytes(192), cpuLimit: millicores(1000) },
    drain: { preStop: seconds(5), timeout: seconds(10) },
  },
  dns: { zoneName: 'holdfast.test', zoneId: 'Z00000000000000000LAB', ttl: seconds(10) },
  // Minutes instead of weeks: a drill has certificates issued that live for less, and sees every threshold.
  acme: {
    directory: 'https://10.50.7.10:14000/dir',
    contact: 'platform@holdfast.test',
    names: ['app.holdfast.test'],
    lifetime: hours(24),
    renewBefore: minutes(4),
    thresholds: { warning: minutes(4), high: minutes(3), critical: minutes(2), emergency: minutes(1) },
    checkEvery: seconds(5),
    retryEvery: seconds(10),
  },
  // It asks again after seconds.
  objectives: { 'certificate-renewal-fails': { rto: minutes(5) } },
  clocks: { sources: ['10.50.7.11', '10.50.7.12', '10.50.7.13'], checkEvery: seconds(5) },
  workloads: profile.workloads,
  maintenance: { retention: profile.retention },
});

export const labWorkloads: EnvironmentInput = labWith('lab-workloads', shop);
