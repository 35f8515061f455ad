import { z } from 'zod';
import { faultsSchema } from './faults';
import { interfaceSchema } from './interface';

/** What the environment says; every violation at once, each with what was given and what is allowed. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const port = z.coerce.number().int().min(1).max(65_535);
const milliseconds = z.coerce.number().int().min(1);
const NEEDS = ['database', 'cache'] as const;
export type Need = (typeof NEEDS)[number];

const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const json = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: `not JSON: ${text}` });
    return z.NEVER;
  }
};

const schema = z.object({
  PORT: port.default(8080),
  METRICS_PORT: port.default(9090),
  RELEASE: z.string().min(1).default('unreleased'),
  ENVIRONMENT: z.string().default('none'),
  REGION: z.string().default('none'),
  ZONE: z.string().default('none'),
  NODE_NAME: z.string().default('none'),
  POD_NAME: z.string().min(1).default('backend'),
  /** A request is answered by then, with 503 if nothing else can be said. */
  REQUEST_DEADLINE_MS: milliseconds.default(10_000),
  DRAIN_TIMEOUT_SECONDS: z.coerce.number().positive().default(20),
  /** What the service refuses to serve without; otherwise it degrades. */
  READY_NEEDS: z
    .string()
    .default('')
    .transform(list)
    .pipe(z.array(z.enum(NEEDS))),
  EVENT_INTAKE: z.enum(['database', 'queue']).default('database'),
  /** Replicas that must have an event before it is acknowledged from the queue; 0 where the cache has none. */
  QUEUE_COPIES: z.coerce.number().int().min(0).default(1),
  QUEUE_BACKPRESSURE_AT: z.coerce.number().int().min(1).default(10_000),
  CHALLENGE_SECONDS: z.coerce.number().positive().default(120),
  SESSION_SECONDS: z.coerce.number().positive().default(86_400),
  DATABASE_HOST: z.string().optional(),
  DATABASE_PORT: port.default(6432),
  DATABASE_NAME: z.string().default('app'),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(1).default(10),
  DATABASE_DIRECTORY: z.string().default('/etc/holdfast/database'),
  CACHE_NODES: z.string().default('').transform(list),
  CACHE_USER: z.string().default('app'),
  CACHE_DIRECTORY: z.string().default('/etc/holdfast/cache'),
  LIMITS_FILE: z.string().default('/etc/holdfast/limits/limits.json'),
  SWITCHES_FILE: z.string().default('/etc/holdfast/switches/switches.json'),
  /** Pods that share a limit until the cache has told how many there are. */
  REPLICAS: z.coerce.number().int().min(1).default(3),
  INTERFACE: z.string().default('{}').transform(json).pipe(interfaceSchema),
  FAULTS: z.enum(['0', '1']).default('0'),
  FAULTS_INITIAL: z.string().default('{}').transform(json).pipe(faultsSchema),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type Environment = Readonly<Record<string, string | undefined>>;

/** Who only feeds a queue hands everything over to those who work on it, and slows down by their measure. */
const eventsOf = ({ INTERFACE: { queue }, EVENT_INTAKE, QUEUE_BACKPRESSURE_AT, QUEUE_COPIES }: z.infer<typeof schema>) => ({
  intake: queue.part === 'feeds' ? ('queue' as const) : EVENT_INTAKE,
  backpressureAt: queue.part === 'feeds' ? queue.backpressureAt : QUEUE_BACKPRESSURE_AT,
  copies: QUEUE_COPIES,
  works: queue.part === 'works',
});

/** @throws ConfigurationError */
export const configFrom = (environment: Environment) => {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: given ${JSON.stringify(environment[String(path[0])])}: ${message}`);
    throw new ConfigurationError(`the environment is not as it has to be:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
  const env = parsed.data;
  return {
    ports: { http: env.PORT, metrics: env.METRICS_PORT },
    identity: { release: env.RELEASE, environment: env.ENVIRONMENT, region: env.REGION, zone: env.ZONE, node: env.NODE_NAME, pod: env.POD_NAME },
    deadlineMs: env.REQUEST_DEADLINE_MS,
    drainTimeoutMs: env.DRAIN_TIMEOUT_SECONDS * 1000,
    readyNeeds: env.READY_NEEDS,
    interface: env.INTERFACE,
    events: eventsOf(env),
    challengeMs: env.CHALLENGE_SECONDS * 1000,
    sessionMs: env.SESSION_SECONDS * 1000,
    database:
      env.DATABASE_HOST === undefined
        ? null
        : { host: env.DATABASE_HOST, port: env.DATABASE_PORT, name: env.DATABASE_NAME, pool: env.DATABASE_CONNECTIONS, directory: env.DATABASE_DIRECTORY },
    cache: env.CACHE_NODES.length === 0 ? null : { nodes: env.CACHE_NODES, user: env.CACHE_USER, directory: env.CACHE_DIRECTORY },
    limitsFile: env.LIMITS_FILE,
    switchesFile: env.SWITCHES_FILE,
    replicas: env.REPLICAS,
    faults: env.FAULTS === '1' ? env.FAULTS_INITIAL : null,
    logLevel: env.LOG_LEVEL,
  };
};

export type Config = ReturnType<typeof configFrom>;
