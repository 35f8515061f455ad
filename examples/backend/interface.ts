/** What the description of a workload says that its image answers: the reference backend stands in for images that are not there. Given as JSON in `INTERFACE`. */
import { z } from 'zod';

const path = z.string().regex(/^\/\S*$/, 'needed: a path that begins with /');
const series = z.strictObject({ metric: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/), labels: z.record(z.string(), z.string()).default({}) });

/** Unless it is told otherwise, it is what it is. */
export const interfaceSchema = z.strictObject({
  readiness: z.array(path).default(['/health/ready']),
  liveness: z.array(path).default(['/health/live']),
  metrics: path.nullable().default('/metrics'),
  base: z
    .string()
    .regex(/^(\/[^/\s]+)*$/, 'needed: nothing, or a path without a slash at its end')
    .default(''),
  routes: z.array(z.strictObject({ method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']), path })).default([]),
  queue: z
    .discriminatedUnion('part', [
      z.strictObject({ part: z.literal('works'), metric: z.string().nullable() }),
      z.strictObject({ part: z.literal('feeds'), backpressureAt: z.number().int().min(1) }),
    ])
    .default({ part: 'works', metric: null }),
  series: z.array(series).default([]),
});

export type Interface = z.infer<typeof interfaceSchema>;
export type DeclaredSeries = z.infer<typeof series>;

/** Asked by what looks after the pod, not by users: neither limited nor signed, and no fault of a drill hits it. */
export const isOperational = ({ readiness, liveness, metrics }: Interface, url: string): boolean => {
  const [asked = ''] = url.split('?');
  if (asked === '/health' || asked.startsWith('/health/') || asked === '/faults') return true;
  return readiness.includes(asked) || liveness.includes(asked) || asked === metrics;
};
