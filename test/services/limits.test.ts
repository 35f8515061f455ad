import { limitsFile, renderLimits } from '../../lib/services/limits';
import { EDGE_DEFAULTS } from '../../lib/topology/defaults-edge';
import { defineEnvironment } from '../../lib/topology/define';
import { environmentWith, NAMED } from '../topology/fixtures';

const environment = defineEnvironment(
  environmentWith({
    ...NAMED,
    everyRegion: { cluster: { instanceType: 'm7i.2xlarge' } },
    workloads: [
      {
        name: 'shop',
        image: `registry.example.com/shop@sha256:${'0'.repeat(64)}`,
        public: {
          host: null,
          paths: ['/'],
          port: 'http',
          endpoints: [
            { method: 'POST', path: '/orders', requestsPerSecond: 5 },
            { method: 'GET', path: '/orders/:id' },
          ],
        },
      },
    ],
  }),
);

test('applications read the limits of the cascade, as token buckets with what to answer', () => {
  const file = limitsFile(EDGE_DEFAULTS, environment);
  expect(file.user).toEqual({ requestsPerSecond: 10, burst: 10, windowSeconds: 1, status: 429, retryAfterSeconds: 10 });
  expect(file.endpoint).toMatchObject({ requestsPerSecond: 1, burst: 1, retryAfterSeconds: 1 });
  expect(file.gateway).toMatchObject({ requestsPerSecond: 100, retryAfterSeconds: 60 });
});

test('an endpoint with a limit of its own is listed, the others are not', () =>
  expect(limitsFile(EDGE_DEFAULTS, environment).endpoints).toEqual([
    { workload: 'shop', method: 'POST', path: '/orders', requestsPerSecond: 5, burst: 5, windowSeconds: 1, status: 429, retryAfterSeconds: 1 },
  ]));

test('the limits of an emergency are divided already, and never down to nothing', () => {
  const { emergency, emergencyDivisor } = limitsFile(EDGE_DEFAULTS, environment);
  expect(emergencyDivisor).toBe(4);
  expect(emergency.user).toMatchObject({ requestsPerSecond: 2.5, burst: 2, retryAfterSeconds: 10 });
  expect(emergency.endpoint).toMatchObject({ requestsPerSecond: 0.25, burst: 1, windowSeconds: 4, retryAfterSeconds: 4 });
  expect(emergency.endpoints[0]).toMatchObject({ requestsPerSecond: 1.25, burst: 1 });
});

test('says what becomes of floods, and is JSON', () =>
  expect(JSON.parse(renderLimits(EDGE_DEFAULTS, environment))).toMatchObject({
    limiterDown: 'local',
    warmUpSeconds: 60,
    invalidSignatures: { perAddress: 20, windowSeconds: 60, blockForSeconds: 600 },
    maxBody: 1_048_576,
  }));
