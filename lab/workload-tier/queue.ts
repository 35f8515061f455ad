/** What a workload's pods tell of themselves: their memory, and the queue that all of them work on. */
import { valuesOf } from '../../lib/services/exposition';
import type { Workload } from '../../lib/topology/types-workloads';
import { queueWorkload } from '../../lib/topology/workload-timings';
import { NotSteadyError } from '../drill/run';
import type { LabSettings } from '../settings';
import type { PlacedPod } from './pods';

const ANSWER_MS = 2000;

/** @throws Error when the pod does not serve it */
export const gaugeOf = async ({ metrics, ports }: Workload, { address }: Pick<PlacedPod, 'address'>, name: string): Promise<number> => {
  const port = ports.find((p) => p.name === metrics?.port)?.port;
  if (metrics === null || port === undefined) throw new Error('the workload serves no metrics');
  const answer = await fetch(`http://${address}:${port}${metrics.path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
  const [value] = valuesOf(await answer.text(), name);
  if (value === undefined) throw new Error(`${address} serves no ${name}`);
  return value;
};

/** Who works on the queue. @throws NotSteadyError when nobody does */
export const requireQueueWorkload = ({ environment }: LabSettings): Workload => {
  const workload = queueWorkload(environment);
  if (workload === null) throw new NotSteadyError('no workload scales by a queue');
  return workload;
};

/** Every pod tells of the whole queue, as it saw it last: the largest value is believed. @throws Error when no pod tells */
export const queueLength = async (workload: Workload, pods: readonly PlacedPod[]): Promise<number> => {
  const name = workload.scaling.queue?.metric;
  if (name === undefined) throw new Error(`${workload.name} has no queue that it scales by`);
  const answers = (await Promise.allSettled(pods.map((p) => gaugeOf(workload, p, name)))).flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  if (answers.length === 0) throw new Error(`no pod serves ${name}`);
  return Math.max(...answers);
};
