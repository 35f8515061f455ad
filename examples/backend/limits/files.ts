import { z } from 'zod';

/** limits.json: rendered from the model, the application's part of the cascade. */
const limit = z.object({
  requestsPerSecond: z.number().positive(),
  /** Requests that are let through at once. */
  burst: z.number().int().min(1),
  retryAfterSeconds: z.number().int().min(0).nullable(),
});

const limitSet = z.object({
  user: limit,
  /** For endpoints that have none of their own. */
  endpoint: limit,
  endpoints: z.array(limit.extend({ method: z.string(), path: z.string() })),
});

const limitsFile = limitSet.extend({
  /** In force while `switches.json` says `emergencyLimits`. */
  emergency: limitSet,
  limiterDown: z.enum(['open', 'closed', 'local']),
  warmUpSeconds: z.number().min(0),
  invalidSignatures: z.object({ perAddress: z.number().int().min(1), windowSeconds: z.number().positive(), blockForSeconds: z.number().positive() }),
  maxBody: z.number().int().min(1),
});

const moment = z.iso.datetime({ offset: true });

/** switches.json: what people and commands change in an emergency. */
const switchesFile = z.object({
  emergencyLimits: z.boolean().default(false),
  nonceUnchecked: z
    .object({ by: z.string().min(1), reason: z.string().min(1), until: moment })
    .nullable()
    .default(null),
  /** `until` null: for good. */
  blockedUsers: z.array(z.object({ user: z.string(), until: moment.nullable() })).default([]),
});

export type Limit = z.infer<typeof limit>;
export type LimitSet = z.infer<typeof limitSet>;
export type Limits = z.infer<typeof limitsFile>;
export type Switches = z.infer<typeof switchesFile>;

export const NO_SWITCHES: Switches = switchesFile.parse({});

/** @throws when it is not as it has to be */
export const readLimits = (text: string): Limits => limitsFile.parse(JSON.parse(text));
/** @throws when it is not as it has to be */
export const readSwitches = (text: string): Switches => switchesFile.parse(JSON.parse(text));
