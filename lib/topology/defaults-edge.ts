import type { Edge } from './types-edge';
import { minutes, seconds } from './units';

/** The cascade of the catalogue (CS-4), and what belongs to it. */
export const EDGE_DEFAULTS: Edge = {
  names: { application: 'www', writer: 'write' },
  limits: {
    edge: { requestsPerSecond: 1000, per: 'address', window: seconds(60), status: 403, retryAfter: null },
    waf: { requestsPerSecond: 100, per: 'address', window: seconds(60), status: 429, retryAfter: seconds(60) },
    user: { requestsPerSecond: 10, per: 'user', window: seconds(1), status: 429, retryAfter: seconds(10) },
    endpoint: { requestsPerSecond: 1, per: 'endpoint', window: seconds(1), status: 429, retryAfter: seconds(1) },
  },
  emergency: { divisor: 4 },
  limiterDown: 'local',
  warmUp: seconds(60),
  invalidSignatures: { perAddress: 20, window: seconds(60), blockFor: minutes(10) },
  managedRules: 'count',
  blocklist: [],
  clientCertificates: null,
  maxBody: 1_048_576,
  originSecret: 1,
};
