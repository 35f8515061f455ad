/** What the pods of a workload say of themselves, added up over all of them. */
import { seriesIn, type Series } from '../../lib/services/exposition';
import type { Workload } from '../../lib/topology/types-workloads';
import type { PlacedPod } from '../workload-tier/pods';

const ANSWER_MS = 3000;

/** Of all pods. @throws Error when a pod does not answer: a sum without it would be wrong */
export const podSeries = async ({ name, metrics, ports }: Workload, pods: readonly PlacedPod[]): Promise<readonly Series[]> => {
  const port = ports.find((p) => p.name === metrics?.port)?.port;
  if (metrics === null || port === undefined) throw new Error(`${name} has no metrics`);
  const texts = await Promise.all(
    pods.map(async ({ address }) => {
      const answer = await fetch(`http://${address}:${port}${metrics.path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(`${address} answers ${answer.status} when asked for metrics`);
      return answer.text();
    }),
  );
  return texts.flatMap(seriesIn);
};

export const sumOf = (series: readonly Series[], name: string, labels: Readonly<Record<string, string>> = {}): number =>
  series
    .filter((s) => s.name === name && Object.entries(labels).every(([key, value]) => s.labels[key] === value))
    .reduce((total, { value }) => total + value, 0);

/** Processor time of all pods since they started, seconds. */
export const cpuOf = (series: readonly Series[]): number => sumOf(series, 'process_cpu_seconds_total');

/** The p-th percentile of what a histogram has counted between two looks, between the bounds of its bucket; null: nothing was counted. */
export const percentileBetween = (before: readonly Series[], after: readonly Series[], name: string, p: number): number | null => {
  const bounds = [...new Set(after.filter((s) => s.name === `${name}_bucket`).map((s) => s.labels['le'] ?? ''))];
  const counted = bounds
    .map((le) => ({
      upper: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
      count: sumOf(after, `${name}_bucket`, { le }) - sumOf(before, `${name}_bucket`, { le }),
    }))
    .sort((a, b) => a.upper - b.upper);
  const total = counted.at(-1)?.count ?? 0;
  if (total <= 0) return null;
  const wanted = (p / 100) * total;
  const index = counted.findIndex(({ count }) => count >= wanted);
  const [bucket, previous] = [counted[index], counted[index - 1] ?? { upper: 0, count: 0 }];
  if (bucket === undefined || !Number.isFinite(bucket.upper)) return previous.upper;
  return previous.upper + ((wanted - previous.count) / (bucket.count - previous.count)) * (bucket.upper - previous.upper);
};
