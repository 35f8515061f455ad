import { z } from 'zod';

/** limits.json: rendered from the model, the application's part of the cascade. */
const limit = z.object({
  requestsPerSecond: z.number().positive(),
  window: z.number().positive(),
  retryAfter: z.number().int().min(0).nullable(),
});

const limitsFile = z.object({
  user: limit,
  endpoint: limit,
  endpoints: z.array(z.object({ method: z.string(), path: z.string(), requestsPerSecond: z.number().positive().optional() })).default([]),
  limiterDown: z.enum(['open', 'closed', 'local']),
  warmUpSeconds: z.number().min(0),
  invalidSignatures: z.object({ perAddress: z.number().int().min(1), window: z.number().positive(), blockFor: z.number().positive() }),
  emergencyDivisor: z.number().min(1),
  maxBody: z.number().int().min(1),
});

/** switches.json: what people and commands change in an emergency. */
const switchesFile = z.object({
  emergencyLimits: z.boolean().default(false),
  nonceUnchecked: z
    .object({ by: z.string().min(1), reason: z.string().min(1), until: z.iso.datetime({ offset: true }) })
    .nullable()
    .default(null),
  blockedUsers: z.array(z.string()).default([]),
});

export type Limit = z.infer<typeof limit>;
export type Limits = z.infer<typeof limitsFile>;
export type Switches = z.infer<typeof switchesFile>;

export const NO_SWITCHES: Switches = switchesFile.parse({});

/** @throws when it is not as it has to be */
export const readLimits = (text: string): Limits | null => limitsFile.parse(JSON.parse(text));
/** @throws when it is not as it has to be */
export const readSwitches = (text: string): Switches => switchesFile.parse(JSON.parse(text));
