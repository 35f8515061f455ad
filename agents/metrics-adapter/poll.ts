/** Asks every pod of the workloads what it did. */
import { get } from 'node:http';
import { REQUEST_COUNTERS, SCALING_METRICS, type AdaptedWorkload, type MetricsAdapterConfig, type ScalingMetric } from '../../lib/services/metrics-adapter';
import { type Log, onChange, reasonOf } from '../follower/log';
import { valuesOf } from '../../lib/services/exposition';
import { type Reading, Window } from './window';

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: { readonly podIP?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export interface PollPorts {
  readonly pods: (workload: string) => Promise<readonly Pod[]>;
  /** @throws when it does not answer in time or with anything but 200 */
  readonly fetch: (url: string) => Promise<string>;
  /** Seconds. */
  readonly now: () => number;
  readonly log: Log;
}

export const readingOf = (exposition: string, { queueMetric }: AdaptedWorkload): Reading => {
  const counters = REQUEST_COUNTERS.map((name) => valuesOf(exposition, name)).find((values) => values.length > 0);
  const queue = queueMetric === null ? [] : valuesOf(exposition, queueMetric);
  return { requests: counters?.reduce((sum, value) => sum + value, 0), queue: queue.length === 0 ? undefined : Math.max(...queue) };
};

/** It gets requests: of the release that is served, or a new one that is checked. */
const isServing = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.podIP !== undefined &&
  (status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false);

export class Poll {
  /** Seconds; undefined: nothing was heard yet. */
  lastRound: number | undefined;
  failures = 0;
  private readonly windows: ReadonlyMap<string, Window>;
  private readonly logChange: Log;

  constructor(
    private readonly config: MetricsAdapterConfig,
    private readonly ports: PollPorts,
  ) {
    this.windows = new Map(config.workloads.map(({ name }) => [name, new Window(config.windowSeconds)]));
    this.logChange = onChange(ports.log);
  }

  readonly figure = (workload: string, metric: ScalingMetric): number | undefined => {
    const window = this.isStale() ? undefined : this.windows.get(workload);
    return metric === SCALING_METRICS.requests ? window?.requestsPerSecond() : window?.queueDepth();
  };

  /** What was known once is not known any more. */
  isStale(): boolean {
    return this.lastRound === undefined || this.ports.now() - this.lastRound > this.config.windowSeconds;
  }

  async round(): Promise<void> {
    const done = await Promise.all(this.config.workloads.map((workload) => this.look(workload)));
    if (done.every(Boolean)) this.lastRound = this.ports.now();
  }

  private async look(workload: AdaptedWorkload): Promise<boolean> {
    try {
      const pods = (await this.ports.pods(workload.name)).filter(isServing);
      const read = await Promise.all(pods.map((pod) => this.read(workload, pod)));
      const readings = new Map(read.flatMap((reading, i) => (reading === undefined ? [] : [[pods[i]?.metadata.uid ?? '', reading] as const])));
      this.windows.get(workload.name)?.add(
        this.ports.now(),
        pods.map(({ metadata }) => metadata.uid),
        readings,
      );
      this.logChange(workload.name, `${readings.size} of ${pods.length} pods answered`);
      return true;
    } catch (error) {
      this.failures++;
      this.logChange(workload.name, reasonOf(error));
      return false;
    }
  }

  private async read(workload: AdaptedWorkload, pod: Pod): Promise<Reading | undefined> {
    try {
      return readingOf(await this.ports.fetch(`http://${pod.status.podIP ?? ''}:${workload.port}${workload.path}`), workload);
    } catch (error) {
      this.failures++;
      this.logChange(pod.metadata.name, reasonOf(error));
      return undefined;
    }
  }
}

const ENOUGH_BYTES = 8 * 1024 * 1024;

export const fetchText = (url: string, timeoutMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const outgoing = get(url, { timeout: timeoutMs, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('error', reject);
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if ((size += chunk.length) > ENOUGH_BYTES) outgoing.destroy(new Error(`${url}: more than ${ENOUGH_BYTES} bytes`));
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`${url} answered ${answer.statusCode ?? '?'}`));
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url}: no answer within ${timeoutMs / 1000} s`)));
    outgoing.on('error', reject);
  });
