/** What a container of a workload finds, whatever its image: environment variables and files (docs/workloads.md). */
import { CACHE_PORT, cachePods } from '../topology/cache-placement';
import { NAMESPACE, POOLER_PORT } from '../topology/derive';
import { REFERENCE_BACKEND } from '../topology/defaults-workloads';
import type { Environment, Region } from '../topology/types';
import type { Workload } from '../topology/types-workloads';
import { CACHE_USERS } from './cache-users';
import { cacheHost } from './cache-keeper';
import { declaredInterface, INTERFACE_VARIABLE } from './declared-interface';

/** Mounted directories. A file in them changes while the container runs: a rotation, a command. */
export const WORKLOAD_DIRS = {
  database: '/etc/holdfast/database',
  cache: '/etc/holdfast/cache',
  limits: '/etc/holdfast/limits',
  switches: '/etc/holdfast/switches',
  /** Writable, and kept when the container is restarted: what a crash leaves. */
  reports: '/var/lib/holdfast/reports',
} as const;

/** What follows the last `@` or `:` of an image's reference: its digest, or else its tag. */
export const releaseOf = (reference: string): string =>
  /@(?:sha256:)?([^@]+)$/.exec(reference)?.[1]?.slice(0, 12) ?? /:([^:/]+)$/.exec(reference)?.[1] ?? 'unknown';

/** The port that requests come to: `http`, or else the first. */
export const mainPort = ({ ports }: Workload): number | undefined => (ports.find(({ name }) => name === 'http') ?? ports[0])?.port;
/** @throws Error when there is no such port; the rules have seen to it that there is */
export const portNamed = ({ name, ports }: Workload, port: string): number => {
  const found = ports.find((p) => p.name === port);
  if (found === undefined) throw new Error(`workload "${name}" has no port "${port}"`);
  return found.port;
};

export const needs = (workload: Workload, what: string): boolean => workload.needs.includes(what);

const database = (workload: Workload, region: Region): Record<string, string> =>
  needs(workload, 'database')
    ? {
        DATABASE_HOST: `pgbouncer.${NAMESPACE}.svc.cluster.local`,
        DATABASE_PORT: String(POOLER_PORT),
        DATABASE_NAME: region.postgres.database,
        ...(workload.databaseConnections === null ? {} : { DATABASE_CONNECTIONS: String(workload.databaseConnections) }),
      }
    : {};

const cache = (workload: Workload, environment: Environment, region: Region): Record<string, string> =>
  needs(workload, 'cache') && environment.cache !== null
    ? {
        CACHE_NODES: cachePods(environment.cache, region)
          .map(({ name }) => `${cacheHost(name)}:${CACHE_PORT}`)
          .join(','),
        CACHE_USER: CACHE_USERS.application,
      }
    : {};

/** Of values that are known when the chart is rendered; the workload's own come last, and win. */
export const workloadEnvironment = (workload: Workload, environment: Environment, region: Region, image: string): Readonly<Record<string, string>> => {
  const { metrics, scaling, drain, resources } = workload;
  const port = mainPort(workload);
  return {
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...(metrics === null ? {} : { METRICS_PORT: String(portNamed(workload, metrics.port)) }),
    ENVIRONMENT: environment.name,
    REGION: region.name,
    RELEASE: releaseOf(image),
    DRAIN_TIMEOUT_SECONDS: String(drain.timeout),
    MEMORY_LIMIT_MIB: String(resources.memoryLimit),
    REPORT_DIRECTORY: WORKLOAD_DIRS.reports,
    ...(scaling.queue === null ? {} : { QUEUE_BACKPRESSURE_AT: String(scaling.queue.backpressureAt) }),
    ...database(workload, region),
    ...cache(workload, environment, region),
    ...(workload.image === REFERENCE_BACKEND ? { [INTERFACE_VARIABLE]: JSON.stringify(declaredInterface(workload, environment)) } : {}),
    ...workload.environment,
  };
};
