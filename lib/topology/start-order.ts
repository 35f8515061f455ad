/** What a region is made of, what each part needs to start, and the order that follows: nobody writes the order down. */
import type { Environment } from './types';
import type { Workload } from './types-workloads';

export type ComponentKind = 'machines' | 'cluster-dns' | 'etcd' | 'database-primary' | 'database-standbys' | 'cache' | 'pooler' | 'application' | 'entrance';

export interface Component {
  /** Unique; the same as the kind but for applications, which are several. */
  readonly id: string;
  readonly kind: ComponentKind;
  /** Ids of the components that must serve before this one is started. */
  readonly needs: readonly string[];
  /** Among components that could start at the same time: what holds the truth comes first, then what holds copies of it, then what holds nothing. */
  readonly holds: 'truth' | 'copies' | 'nothing';
}

const component = (kind: ComponentKind, holds: Component['holds'], needs: readonly string[], id: string = kind): Component => ({ id, kind, needs, holds });

/** Of a workload's component. */
export const applicationId = (workload: string): string => `application-${workload}`;

/** The parts of the environment's home region. */
export const componentsOf = (environment: Environment): readonly Component[] => {
  const cache = environment.cache === null ? [] : [component('cache', 'copies', ['cluster-dns'])];
  const servers: Readonly<Record<string, readonly string[]>> = { database: ['pooler'], cache: cache.map(({ id }) => id) };
  const applications = environment.workloads.map(({ name, needs }) =>
    // The database comes before all of them, needed or not: machines that start are short of everything.
    component('application', 'nothing', ['pooler', ...needs.flatMap((need) => servers[need] ?? [applicationId(need)])], applicationId(name)),
  );
  const entrance =
    environment.edge === null && environment.dns === null ? [] : [component('entrance', 'nothing', ['pooler', ...applications.map(({ id }) => id)])];
  return [
    component('machines', 'nothing', []),
    component('cluster-dns', 'nothing', ['machines']),
    // Members find each other by name.
    component('etcd', 'truth', ['machines', 'cluster-dns']),
    // The leader's lease is in etcd.
    component('database-primary', 'truth', ['etcd']),
    component('database-standbys', 'truth', ['database-primary']),
    ...cache,
    // Follows the leader key, and has nothing to offer before commits are acknowledged.
    component('pooler', 'nothing', ['etcd', 'database-standbys']),
    ...applications,
    ...entrance,
  ];
};

const RANK: Readonly<Record<Component['holds'], number>> = { truth: 0, copies: 1, nothing: 2 };
const before = (a: Component, b: Component): number => RANK[a.holds] - RANK[b.holds] || (a.id < b.id ? -1 : 1);

/**
 * The components in the order in which they are started: a topological order, the same whatever order they are given in.
 * @throws Error when a component needs one that doesn't exist, or needs itself in the end
 */
export const startOrder = (components: readonly Component[]): readonly Component[] => {
  const ids = new Set(components.map(({ id }) => id));
  for (const { id, needs } of components) {
    const absent = needs.find((need) => !ids.has(need));
    if (absent !== undefined) throw new Error(`"${id}" needs "${absent}", which is not part of the region`);
  }
  const ordered: Component[] = [];
  const started = new Set<string>();
  while (ordered.length < components.length) {
    const next = components.filter(({ id, needs }) => !started.has(id) && needs.every((need) => started.has(need))).sort(before)[0];
    if (next === undefined) {
      const rest = components.filter(({ id }) => !started.has(id)).map(({ id }) => id);
      throw new Error(`these components need each other, so that none can start first: ${rest.join(', ')}`);
    }
    ordered.push(next);
    started.add(next.id);
  }
  return ordered;
};

/** Each after what it needs. @throws Error as `startOrder` */
export const workloadsInOrder = (environment: Environment): readonly Workload[] =>
  startOrder(componentsOf(environment)).flatMap(({ id }) => environment.workloads.filter(({ name }) => applicationId(name) === id));
