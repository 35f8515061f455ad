/** Jobs made from the chart's suspended CronJobs: what runs in them is written once, in the chart. */
import { NAMESPACE } from '../../lib/topology/derive';
import type { Kubernetes } from './kubernetes';

const BATCH = `/apis/batch/v1/namespaces/${NAMESPACE}`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

interface CronJob {
  readonly spec: { readonly jobTemplate: { readonly metadata?: { readonly labels?: object }; readonly spec: JobSpec } };
}
interface JobSpec {
  readonly template: { readonly spec: { readonly containers: readonly { readonly args?: readonly string[] }[] } };
}
interface Job {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}
interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } } }[];
  };
}

/** What a job said at its end: `holdfast-result {json}`. */
export interface JobAnswer {
  readonly ok: boolean;
  readonly code?: string;
  readonly error?: string;
}

export class JobFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'JobFailed';
  }
}

const RESULT = /^holdfast-result (\{.*\})$/m;

export const answerIn = (log: string): JobAnswer | undefined => {
  const [, json] = RESULT.exec(log) ?? [];
  return json === undefined ? undefined : (JSON.parse(json) as JobAnswer);
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface JobRun {
  /** The CronJob that it is made from. */
  readonly template: string;
  /** Unique; a job of that name that is there already is waited for, not made again. */
  readonly name: string;
  /** Instead of the template's. */
  readonly arguments?: readonly string[];
  readonly timeoutSeconds: number;
  /** Each line of its log, as it comes. */
  readonly onLine?: (line: string) => void;
}

const startJob = async (api: Kubernetes, run: JobRun): Promise<void> => {
  const cron = await api.find<CronJob>(`${BATCH}/cronjobs/${run.template}`);
  if (cron === undefined)
    throw new JobFailed('not-deployed', `there is no CronJob "${run.template}" in namespace ${NAMESPACE}: is the chart "backup" applied?`);
  const { metadata, spec } = cron.spec.jobTemplate;
  const containers = spec.template.spec.containers.map((c) => (run.arguments === undefined ? c : { ...c, args: run.arguments }));
  await api.create(`${BATCH}/jobs`, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: run.name, namespace: NAMESPACE, labels: metadata?.labels },
    spec: { ...spec, backoffLimit: 0, template: { ...spec.template, spec: { ...spec.template.spec, containers } } },
  });
};

const podOf = async (api: Kubernetes, job: string): Promise<Pod | undefined> => (await api.list<Pod>(`${PODS}?labelSelector=job-name%3D${job}`))[0];

const logOf = (api: Kubernetes, pod: Pod): Promise<string> =>
  ['Running', 'Succeeded', 'Failed'].includes(pod.status.phase) ? api.text(`${PODS}/${pod.metadata.name}/log`) : Promise.resolve('');

const ended = async (api: Kubernetes, name: string): Promise<boolean> => {
  const { status } = await api.get<Job>(`${BATCH}/jobs/${name}`);
  return status.conditions?.some((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True') ?? false;
};

/** Runs a job to its end. @throws JobFailed with what the job said, or that it said nothing in time */
export const runJob = async <T extends JobAnswer>(api: Kubernetes, run: JobRun): Promise<T> => {
  await startJob(api, run);
  const deadline = Date.now() + run.timeoutSeconds * 1000;
  let told = 0;
  for (;;) {
    const finished = await ended(api, run.name); // asked before the log, which is whole then
    const pod = await podOf(api, run.name);
    const log = pod === undefined ? '' : await logOf(api, pod);
    const lines = log.split('\n').slice(0, -1);
    lines
      .slice(told)
      .filter((line) => !RESULT.test(line))
      .forEach((line) => run.onLine?.(line));
    told = Math.max(told, lines.length);
    const answer = answerIn(log);
    // Its answer is its last line: whether Kubernetes has already counted it as ended (seconds later) changes nothing.
    if (answer !== undefined) return checked(answer) as T;
    if (finished) throw new JobFailed('failed', `job ${run.name} ended without an answer: ${lines.slice(-3).join(' / ') || 'it said nothing'}`);
    if (Date.now() > deadline) throw new JobFailed('timeout', `job ${run.name} did not end within ${run.timeoutSeconds} s${waitingFor(pod)}`);
    await pause(400);
  }
};

const checked = (answer: JobAnswer): JobAnswer => {
  if (!answer.ok) throw new JobFailed(answer.code ?? 'failed', answer.error ?? 'the job failed without saying why');
  return answer;
};

const waitingFor = (pod: Pod | undefined): string => {
  const waiting = pod?.status.containerStatuses?.map((c) => c.state?.waiting).find((w) => w !== undefined);
  return waiting === undefined ? '' : ` (its pod waits: ${waiting.reason ?? ''} ${waiting.message ?? ''})`;
};
