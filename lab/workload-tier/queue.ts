/** The reference backend's queue of events, by the gauge that every pod serves. */
import type { Workload } from '../../lib/topology/types-workloads';
import type { PlacedPod } from './pods';

const ANSWER_MS = 2000;

/** The value of a gauge without labels, or undefined: it is not served. */
export const gaugeIn = (text: string, name: string): number | undefined => {
  const line = text.split('\n').find((l) => l.startsWith(`${name} `) || l.startsWith(`${name}{`));
  const value = line === undefined ? NaN : Number(line.slice(line.lastIndexOf(' ') + 1));
  return Number.isFinite(value) ? value : undefined;
};

/** Every pod tells of the whole queue; the largest value is the newest that is not zero. @throws Error when no pod tells */
export const queueLength = async ({ metrics, ports, scaling }: Workload, pods: readonly PlacedPod[]): Promise<number> => {
  const port = ports.find((p) => p.name === metrics?.port)?.port;
  const name = scaling.queue?.metric;
  if (metrics === null || port === undefined || name === undefined) throw new Error('the workload serves no gauge of its queue');
  const ask = async (address: string): Promise<number> => {
    const answer = await fetch(`http://${address}:${port}${metrics.path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const value = gaugeIn(await answer.text(), name);
    if (value === undefined) throw new Error(`${address} serves no ${name}`);
    return value;
  };
  const answers = (await Promise.allSettled(pods.map((p) => ask(p.address)))).flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  if (answers.length === 0) throw new Error(`no pod serves ${name}`);
  return Math.max(...answers);
};
