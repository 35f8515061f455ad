import { backend } from '../profiles/backend';
import type { EnvironmentInput } from '../topology/types';
import { REFERENCE_BACKEND } from '../topology/defaults-workloads';
import { mebibytes, millicores, seconds } from '../topology/units';
import { lab, smallCache, smallRegion } from './lab';

/** Small, and with short pauses: a drill waits for each of them. `FAULTS`: a drill may tell the backend to misbehave. */
const shop = backend({
  image: REFERENCE_BACKEND,
  resources: { cpu: millicores(100), cpuLimit: millicores(500), memory: mebibytes(128), memoryLimit: mebibytes(256) },
  // Drills of a steady state make 17 requests a second and replica, a surge 40. A request of so little CPU would be used up by either.
  scaling: { min: 3, max: 6, cpuPercent: null, requestsPerSecond: 30, queue: { metric: 'backend_queue_depth', perReplica: 100, backpressureAt: 1000 } },
  probes: { startup: { failures: 10 } },
  databaseConnections: 5,
  drain: { preStop: seconds(5), timeout: seconds(10), grace: seconds(20) },
  rollout: {
    progressDeadline: seconds(40),
    formerStays: seconds(10),
    analysis: { duration: seconds(15), interval: seconds(3), maxP99: seconds(1) },
  },
  environment: { FAULTS: '1', RELEASE: '1' },
});

/** The lab with a cache and a service of a user in it, and what stands before it. */
export const labWorkloads: EnvironmentInput = {
  ...lab,
  name: 'lab-workloads',
  everyRegion: { ...smallRegion, pooler: { ...smallRegion.pooler, maxClientConnections: 500 } },
  cache: smallCache,
  // The catalogue's limits; a drill waits for what ends by itself.
  edge: { warmUp: seconds(20), invalidSignatures: { perAddress: 10, window: seconds(60), blockFor: seconds(60) } },
  gateway: {
    maxConnections: 2000,
    addresses: 20_000,
    resources: { cpu: millicores(20), memory: mebibytes(192), cpuLimit: millicores(1000) },
    drain: { preStop: seconds(5), timeout: seconds(10) },
  },
  workloads: shop.workloads,
  maintenance: { retention: shop.retention },
};
