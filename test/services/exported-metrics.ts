/** Who serves which metric, with which labels: asked of our own agents by rendering what they serve, read from the documentation for images, and listed with its source for others. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderMetrics as ofTheCacheKeeper } from '../../agents/cache-keeper/server';
import { renderMetrics as ofCertificates } from '../../agents/certificate-monitor/metrics';
import { renderMetrics as ofTheClock } from '../../agents/clock-monitor/metrics';
import { createMetrics } from '../../examples/backend/metrics';
import type { CertificateSummary } from '../../lib/operations/certificates/chain';
import { selectorsOf } from '../../lib/services/promql';

/** Metric to its labels. */
export type Exported = ReadonlyMap<string, ReadonlySet<string>>;

/** Put on by whatever scrapes: Prometheus itself, and its usual configuration for pods. */
const BY_SCRAPING = ['job', 'instance', 'namespace', 'pod', 'node'];

/** Of others. */
const FOREIGN = [
  { metric: 'up', labels: [], source: 'https://prometheus.io/docs/concepts/jobs_instances/' },
  // The kubelet's /metrics/cadvisor; Kubernetes adds namespace, pod and container.
  ...['container_memory_working_set_bytes', 'container_cpu_usage_seconds_total', 'container_start_time_seconds'].map((metric) => ({
    metric,
    labels: ['container', 'namespace', 'pod', 'image', 'name', 'id'],
    source: 'https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md',
  })),
] as const;

/** Of what Prometheus would read there. */
const read = (exposition: string): readonly (readonly [string, readonly string[]])[] =>
  exposition.split('\n').flatMap((line) => {
    const [, metric, labels = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? /.exec(line) ?? [];
    return metric === undefined ? [] : [[metric, [...labels.matchAll(/(\w+)="/g)].map(([, name = '']) => name)] as const];
  });

const CERTIFICATE: CertificateSummary = { notBefore: 0, notAfter: 1, names: [], issuer: 'CN=x', serialNumber: '1', fingerprint: '00' };
const ofTheAgents = (): string =>
  [
    ofTheCacheKeeper({
      status: {
        at: '2026-11-22T12:00:00Z',
        nodes: [{ pod: 'cache-0', zone: 'a', shard: 0, role: 'master', address: null, usedMemory: 1, maxMemory: 2, replicas: 2, error: null }],
        masters: ['cache-0'],
        complaints: [],
        reading: null,
      },
      turnedAt: 0,
      steps: 0,
      refusals: 0,
    }),
    ofCertificates([{ endpoint: 'gateway', component: 'gateway', level: 'ok', secondsLeft: 1, certificate: CERTIFICATE, problems: [] }], 1),
    ofTheClock({ samples: [], verdict: { kind: 'right', offsetSeconds: 0, agreeing: [], wrong: [] }, measuredAt: 1 }, 'node-a'),
  ].join('\n');

const DOCUMENT = join(__dirname, '..', '..', 'docs', 'workloads.md');
const ROW = /^\| `(?<profile>[a-z0-9]+)` \| `(?<metric>[a-z0-9_]+)` \| (?<kind>[^|]+) \| (?:`(?<label>\w+)`[^|]*)?\|$/;

/** What images are asked to count: the table of docs/workloads.md. */
export const documented = (): readonly { readonly profile: string; readonly metric: string; readonly labels: readonly string[] }[] =>
  readFileSync(DOCUMENT, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const { profile, metric, kind = '', label } = ROW.exec(line)?.groups ?? {};
      if (profile === undefined || metric === undefined) return [];
      const isHistogram = kind.startsWith('histogram');
      return [
        { profile, metric: isHistogram ? `${metric}_bucket` : metric, labels: [...(label === undefined ? [] : [label]), ...(isHistogram ? ['le'] : [])] },
      ];
    });

/** Of the reference backend itself, which needs no document. */
export const ofTheReferenceBackend = (): readonly string[] =>
  createMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name);

export const exportedMetrics = (): Exported => {
  const all = [
    ...FOREIGN.map(({ metric, labels }) => [metric, labels] as const),
    ...read(ofTheAgents()),
    ...documented().map(({ metric, labels }) => [metric, labels] as const),
  ];
  return new Map(all.map(([metric, labels]) => [metric, new Set([...BY_SCRAPING, ...labels])]));
};

/** @returns what an expression asks for that nobody serves */
export const notExported = (expression: string, exported: Exported): readonly string[] =>
  selectorsOf(expression).flatMap(({ metric, matchers }) => {
    const labels = metric === undefined ? undefined : exported.get(metric);
    if (labels === undefined) return [`nobody serves ${metric ?? 'a metric without a name'}`];
    return matchers.filter(({ label }) => !labels.has(label)).map(({ label }) => `${metric ?? ''} has no label ${label}`);
  });
