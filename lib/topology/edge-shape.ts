/** What `edge` looks like in an `EnvironmentInput`. */
import { leaf, listOf, nullable, object, oneOf, type Shape } from './shape';
import { count, duration, text } from './shape-leaves';
import type { EdgeInput } from './types';
import { LIMIT_KEYS, LIMITER_DOWN, type ClientCertificates, type EdgeNames, type EmergencyLimits, type InvalidSignatures, type Limit } from './types-edge';

const positive = leaf<number>('a number > 0', (v) => typeof v === 'number' && Number.isFinite(v) && v > 0);

const limit = object<Partial<Limit>>(
  { requestsPerSecond: positive, per: oneOf(LIMIT_KEYS), window: duration, status: oneOf([403, 429]), retryAfter: nullable(duration) },
  {},
);

export const edgeShape: Shape<EdgeInput> = object<EdgeInput>(
  {
    names: object<Partial<EdgeNames>>({ application: text, writer: text }, {}),
    limits: object<NonNullable<EdgeInput['limits']>>({ edge: limit, waf: limit, user: limit, endpoint: limit }, {}),
    emergency: object<Partial<EmergencyLimits>>({ divisor: positive }, {}),
    limiterDown: oneOf(LIMITER_DOWN),
    warmUp: duration,
    invalidSignatures: object<Partial<InvalidSignatures>>({ perAddress: count, window: duration, blockFor: duration }, {}),
    managedRules: oneOf(['count', 'block']),
    blocklist: listOf(text),
    clientCertificates: nullable(object<ClientCertificates>({ authority: text }, { authority: true })),
    maxBody: count,
    originSecret: count,
  },
  {},
);
