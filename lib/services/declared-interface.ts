/**
 * What a workload's description says that its image answers. The reference backend reads it from its environment and answers so, whatever the profile: that makes it a stand-in for
 * an image that is not there (docs/workloads.md). An image of a user's own is not told: it is what was described.
 */
import type { Environment } from '../topology/types';
import type { Workload } from '../topology/types-workloads';
import { seriesAskedBy, type AskedSeries } from './promql';

/** The variable that it is in, as JSON. */
export const INTERFACE_VARIABLE = 'INTERFACE';

export interface DeclaredInterface {
  /** Answer whether the pod wants requests. */
  readonly readiness: readonly string[];
  /** Answer while the process runs. */
  readonly liveness: readonly string[];
  readonly metrics: string | null;
  /** Before the paths of the service's own API; empty: they begin at the root. */
  readonly base: string;
  /** What users ask for, and what a release is asked before it serves. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** `works`: it takes events from the queue; `feeds`: it only puts them in, and this many may wait. */
  readonly queue: { readonly part: 'works'; readonly metric: string | null } | { readonly part: 'feeds'; readonly backpressureAt: number };
  /** What its alerts ask its pods for. */
  readonly series: readonly AskedSeries[];
}

/** A path prefix without its last slash: nothing for all of them. */
const withoutSlash = (path: string): string => path.replace(/\/+$/, '');

/** Where the API of a workload begins that users reach. */
export const apiBase = ({ public: open }: Pick<Workload, 'public'>): string => withoutSlash(open?.paths[0] ?? '/');

const routesOf = ({ public: open, rollout, probes }: Workload): DeclaredInterface['routes'] => {
  const endpoints = open?.endpoints.map(({ method, path }) => ({ method, path })) ?? [];
  const pages = [...(open?.paths ?? []).filter((path) => withoutSlash(path) !== ''), rollout.analysis.path];
  const probed = [probes.readiness.path, probes.liveness.path, probes.startup.path];
  return [...endpoints, ...[...new Set(pages)].filter((path) => !probed.includes(path)).map((path) => ({ method: 'GET', path: withoutSlash(path) }))];
};

/** Whoever scales by a queue works on it; another workload beside it hands its work over. */
const queueOf = (workload: Workload, { workloads }: Pick<Environment, 'workloads'>): DeclaredInterface['queue'] => {
  const own = workload.scaling.queue;
  const worked = workloads.flatMap(({ scaling }) => scaling.queue ?? []);
  if (own !== null || worked[0] === undefined) return { part: 'works', metric: own?.metric ?? null };
  return { part: 'feeds', backpressureAt: worked[0].backpressureAt };
};

const withoutJob = ({ metric, labels }: AskedSeries): AskedSeries => ({
  metric,
  labels: Object.fromEntries(Object.entries(labels).filter(([label]) => label !== 'job')),
});

/** The series of its own job: what Prometheus itself or the kubelet tells is not the image's. */
const seriesOf = ({ alerts }: Workload): readonly AskedSeries[] => {
  const asked = alerts.flatMap(({ expression }) => seriesAskedBy(expression).filter(({ labels }) => labels['job'] === '$job'));
  return [...new Map(asked.map(withoutJob).map((series) => [JSON.stringify(series), series])).values()];
};

export const declaredInterface = (workload: Workload, environment: Pick<Environment, 'workloads'>): DeclaredInterface => {
  const { probes, metrics } = workload;
  return {
    readiness: [probes.readiness.path],
    liveness: [...new Set([probes.liveness.path, probes.startup.path])].filter((path) => path !== probes.readiness.path),
    metrics: metrics?.path ?? null,
    base: apiBase(workload),
    routes: routesOf(workload),
    queue: queueOf(workload, environment),
    series: seriesOf(workload),
  };
};
