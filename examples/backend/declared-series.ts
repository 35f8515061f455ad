/**
 * Series that a description's alerts ask for. What the service counts itself under a name of its own (`backend_degraded`) is served under the asked name, too (`nostream_degraded`);
 * what it has no part of is there, and stays 0: an alert that asks for it is evaluated, and proves nothing about the image that this one stands in for.
 */
import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';
import type { DeclaredSeries } from './interface';

const OWN_PREFIX = 'backend_';

/** `p3_database_connections` -> `backend_database_connections`. */
const ownName = (metric: string): string => `${OWN_PREFIX}${metric.slice(metric.indexOf('_') + 1)}`;

/** A copy of a gauge of the service under another name, as it is when it is read. */
const alias = (registry: Registry, name: string, own: Metric): void => {
  if (!(own instanceof Gauge)) return;
  const { help, labelNames } = own as unknown as { readonly help: string; readonly labelNames: readonly string[] };
  const copy: Gauge = new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect: async () => {
      copy.reset();
      for (const { labels, value } of (await own.get()).values) copy.set(labels, value);
    },
  });
};

const BUCKET = '_bucket';
/** A histogram’s name, without what its series of buckets add. */
const familyOf = (metric: string): string => (metric.endsWith(BUCKET) ? metric.slice(0, -BUCKET.length) : metric);

/** All series of one name, with every label that any of them has. */
const idle = (registry: Registry, name: string, all: readonly DeclaredSeries[]): void => {
  const labelNames = [...new Set(all.flatMap(({ labels }) => Object.keys(labels)))].filter((label) => label !== 'le');
  const options = { help: 'Declared, and nothing that this service does', labelNames, registers: [registry] };
  if (name.endsWith(BUCKET)) return void new Histogram({ ...options, name: familyOf(name) });
  const whole = all.map(({ labels }) => labels).filter((labels) => Object.keys(labels).length === labelNames.length);
  const isCounter = name.endsWith('_total');
  const metric = isCounter ? new Counter({ ...options, name }) : new Gauge({ ...options, name });
  for (const labels of whole) metric.inc(labels, 0);
};

/** @param queueMetric under which the queue's length is asked for */
export const serveDeclared = (registry: Registry, declared: readonly DeclaredSeries[], queueMetric: string | null): void => {
  const names = new Set([...declared.map(({ metric }) => metric), ...(queueMetric === null ? [] : [queueMetric])]);
  for (const name of names) {
    if (registry.getSingleMetric(name) !== undefined || registry.getSingleMetric(familyOf(name)) !== undefined) continue;
    const own = registry.getSingleMetric(name === queueMetric ? `${OWN_PREFIX}queue_depth` : ownName(name));
    if (own instanceof Gauge) alias(registry, name, own);
    else
      idle(
        registry,
        name,
        declared.filter(({ metric }) => metric === name),
      );
  }
};
