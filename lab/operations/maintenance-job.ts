/** Runs a maintenance task of the lab now: a Job made from the very CronJob, as `kubectl create job --from` makes it. */
import { NAMESPACE } from '../../lib/topology/derive';
import { sleep } from '../exec';
import type { KubernetesApi, Pod } from '../kubernetes/api';

interface Container {
  readonly command?: readonly string[];
}
interface JobSpec {
  readonly backoffLimit?: number;
  readonly template: { readonly metadata?: object; readonly spec: { readonly containers: readonly Container[] } };
}
interface CronJob {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly jobTemplate: { readonly spec: JobSpec } };
}
interface Job {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const podPath = (job: string): string => `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=batch.kubernetes.io/job-name%3D${job}`;

export interface JobOptions {
  readonly dryRun: boolean;
  /** A name of its own for each run. */
  readonly name: string;
}

const withDryRun = (spec: JobSpec): JobSpec => ({
  ...spec,
  template: {
    ...spec.template,
    spec: { ...spec.template.spec, containers: spec.template.spec.containers.map((c) => ({ ...c, command: [...(c.command ?? []), '--dry-run'] })) },
  },
});

/** @throws ApiError 404 when there is no such task in the cluster */
export const startMaintenanceJob = async (api: KubernetesApi, task: string, { dryRun, name }: JobOptions): Promise<void> => {
  const cron = await api.get<CronJob>(`/apis/batch/v1/namespaces/${NAMESPACE}/cronjobs/maintenance-${task}`);
  const { spec } = cron.spec.jobTemplate;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: `maintenance-${task}`, uid: cron.metadata.uid };
  const metadata = { name, namespace: NAMESPACE, ownerReferences: [owner], annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' } };
  await api.create(JOBS, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: dryRun ? withDryRun(spec) : spec });
};

export const jobPods = (api: KubernetesApi, name: string): Promise<readonly Pod[]> => api.list<Pod>(podPath(name));

export interface JobEnd {
  readonly succeeded: boolean;
  readonly because: string;
}

/** @throws Error when the Job has not ended in time */
export const awaitJob = async (api: KubernetesApi, name: string, withinSeconds: number, signal?: AbortSignal): Promise<JobEnd> => {
  for (const end = Date.now() + withinSeconds * 1000; Date.now() < end;) {
    await sleep(0.3);
    signal?.throwIfAborted();
    const { status } = await api.get<Job>(`${JOBS}/${name}`);
    const over = status.conditions?.find(({ type, status: is }) => ['Complete', 'Failed'].includes(type) && is === 'True');
    if (over !== undefined) return { succeeded: over.type === 'Complete', because: over.message ?? over.type };
  }
  throw new Error(`job ${name} has not ended within ${withinSeconds} s; see \`holdfast lab kubectl -- -n ${NAMESPACE} describe job ${name}\``);
};

export interface LogLine {
  readonly time: string;
  readonly what: string;
  readonly [field: string]: unknown;
}

/** What the Job's pods said, in lines of JSON, the pods in the order of their start. */
export const jobLog = async (api: KubernetesApi, name: string): Promise<readonly LogLine[]> => {
  const texts = await Promise.all((await jobPods(api, name)).map((pod) => api.text(`/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}/log`)));
  return texts
    .flatMap((text) => text.split('\n').filter((line) => line.startsWith('{')))
    .map((line) => JSON.parse(line) as LogLine)
    .sort((a, b) => a.time.localeCompare(b.time));
};

export const removeJob = (api: KubernetesApi, name: string): Promise<void> =>
  api.remove(`${JOBS}/${name}`, { propagationPolicy: 'Background', gracePeriodSeconds: 0 });
