/** The drill out-of-memory: a slow leak ends in a graceful replacement, a fast one with the kernel. */
import { fail, pass, unknown, type Finding } from '../../lib/drill/verdict';
import { failedAttempts, judgedRequests } from '../../lib/drill/workloads/measure';
import { HTTP_STREAMS, type WorkloadHistory } from '../../lib/drill/workloads/history';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import type { Workload } from '../../lib/topology/types-workloads';
import { restartsWithin } from '../../lib/topology/workload-timings';
import type { Procedure } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { behaveAgain, misbehave } from '../faults/misbehaviour';
import type { KubernetesApi, Pod } from '../kubernetes/api';
import { now } from '../meter/clock';
import { judged, within } from './outcome';
import { baseOf, workloadComplaints, workloadPods, type PlacedPod } from './pods';
import { gaugeOf } from './queue';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from './stage';

/** The promise of the figures: a pod that the kernel killed serves again within so long. */
const RECOVERED_SECONDS = 20;
/** The keeper learns of memory a quarter of a minute late: from its warning on a leak is slow enough for that, and for a drain. */
const SLOW_MEBIBYTES_PER_SECOND = 1;
/** Until there, it need not take long. */
const BRISK_SECONDS_TO_LIMIT = 20;
const FAST_SECONDS_TO_LIMIT = 3;
const PATIENCE_SECONDS = 90;
const REPLACED_WITHIN_SECONDS = 180;
const MEBIBYTE = 1024 * 1024;

const RESIDENT_MEMORY = 'process_resident_memory_bytes';

const leakRate = ({ resources }: Workload, secondsToLimit: number): number => Math.max(1, Math.round(resources.memoryLimit / secondsToLimit));

interface Killed {
  readonly reason: string;
  readonly exitCode: number;
  readonly finishedAt: string;
}
type WithEnd = Pod & {
  readonly status: { readonly containerStatuses?: readonly { readonly lastState?: { readonly terminated?: Killed }; readonly ready: boolean }[] };
};

const readPod = (api: KubernetesApi, name: string): Promise<WithEnd> => api.get<WithEnd>(`/api/v1/namespaces/${APPLICATION_NAMESPACE}/pods/${name}`);

interface Slow {
  readonly pod: string;
  readonly replacedSeconds: number | null;
  readonly restarted: boolean;
  readonly window: { readonly from: number; readonly to: number };
}

/** The pod that leaks is replaced by another one, and its process was never killed. */
const leakSlowly = async (stage: WorkloadStage, pod: PlacedPod): Promise<Slow> => {
  const { context, workload } = stage;
  const from = now();
  context.progress(`${pod.name} leaks slowly`);
  const base = baseOf(workload, pod);
  await misbehave(context.lab, base, { leak: leakRate(workload, BRISK_SECONDS_TO_LIMIT) });
  const warned = (workload.memory.warnPercent / 100) * workload.resources.memoryLimit * MEBIBYTE;
  await holdUntil(stage, PATIENCE_SECONDS, async () => (await gaugeOf(workload, pod, RESIDENT_MEMORY)) >= warned, 0.2);
  await misbehave(context.lab, base, { leak: SLOW_MEBIBYTES_PER_SECOND });
  let restarted = false;
  const replaced = await holdUntil(stage, REPLACED_WITHIN_SECONDS, async () => {
    const pods = await workloadPods(context.lab, context.api, workload);
    const still = pods.find((p) => p.name === pod.name);
    restarted ||= still !== undefined && still.restarts > pod.restarts;
    return restarted || (still === undefined && (await workloadComplaints(context.lab, context.api, workload)).length === 0);
  });
  await behaveAgain(context.lab);
  return { pod: pod.name, replacedSeconds: replaced === null || restarted ? null : replaced - from, restarted, window: { from, to: now() } };
};

interface Fast {
  readonly pod: string;
  readonly reason: string;
  /** From the end of the process until it is ready again; null: not in time. */
  readonly recoveredSeconds: number | null;
  readonly healedAt: number;
}

const leakFast = async (stage: WorkloadStage, pod: PlacedPod): Promise<Fast> => {
  const { context, workload } = stage;
  context.progress(`${pod.name} leaks fast`);
  await misbehave(context.lab, baseOf(workload, pod), { leak: leakRate(workload, FAST_SECONDS_TO_LIMIT) });
  let end: Killed | undefined;
  const killedAt = await holdUntil(
    stage,
    PATIENCE_SECONDS,
    async () => {
      end = (await readPod(context.api, pod.name)).status.containerStatuses?.[0]?.lastState?.terminated;
      return end !== undefined;
    },
    0.1,
  );
  const healedAt = killedAt ?? now();
  const ready = await holdUntil(
    stage,
    PATIENCE_SECONDS,
    async () => (await workloadPods(context.lab, context.api, workload)).some((p) => p.name === pod.name && p.ready),
    0.1,
  );
  // The kubelet tells whole seconds: what it says is up to one second before what was.
  const diedAt = end === undefined ? null : Math.min(healedAt, Date.parse(end.finishedAt) / 1000);
  const recoveredSeconds = ready === null || diedAt === null ? null : ready - diedAt;
  context.progress(
    `${pod.name}: ${end === undefined ? 'not killed' : `${end.reason}, exit ${end.exitCode}`}, ready again after ${recoveredSeconds?.toFixed(1) ?? '?'} s`,
  );
  return { pod: pod.name, reason: end === undefined ? 'not killed' : `${end.reason} (exit ${end.exitCode})`, recoveredSeconds, healedAt };
};

const slowFindings = (slow: Slow, history: WorkloadHistory): readonly Finding[] => {
  const { window } = slow;
  const during = judgedRequests({ ...history, faultAt: window.from, endAt: window.to }, HTTP_STREAMS);
  const failed = failedAttempts(during).length;
  return [
    slow.restarted
      ? fail('replaced-gracefully', `${slow.pod} was killed before it was replaced`)
      : within('replaced-gracefully', slow.replacedSeconds, REPLACED_WITHIN_SECONDS, `${slow.pod} was replaced`),
    failed === 0
      ? pass('replaced-unnoticed', `0 of ${during.length} requests had to be tried again`)
      : fail('replaced-unnoticed', `${failed} attempts failed while ${slow.pod} was replaced`),
  ];
};

const fastFindings = ({ pod, reason, recoveredSeconds }: Fast, workload: Workload): readonly Finding[] => [
  reason.startsWith('OOMKilled') ? pass('killed-by-the-kernel', `${pod}: ${reason}`) : fail('killed-by-the-kernel', `${pod}: ${reason}`),
  within('recovered', recoveredSeconds, Math.min(RECOVERED_SECONDS, restartsWithin(workload)), `${pod} was ready again`),
];

/** Never the same pod twice, and none that was restarted lately: the kubelet lets those wait. */
const fresh = async ({ context: { lab, api, seed }, workload }: WorkloadStage): Promise<PlacedPod> => {
  const pods = (await workloadPods(lab, api, workload)).filter((p) => p.ready && p.restarts === 0);
  const pod = pods[seed % Math.max(1, pods.length)];
  if (pod === undefined) throw new NotSteadyError('every pod has been restarted already');
  return pod;
};

export const outOfMemory: Procedure = async (context) => {
  const { api } = context;
  const found: { slow?: Slow; fast?: Fast } = {};
  const run = await runWorkloadDrill(context, async (stage) => {
    found.slow = await leakSlowly(stage, await fresh(stage));
    await pause(stage, 2);
    found.fast = await leakFast(stage, await fresh(stage));
    return { healedAt: found.fast.healedAt };
  });
  const { slow, fast } = found;
  const { workload } = run.stage;
  // A container that was restarted is waited for longer the next time: the next run finds a new pod.
  if (fast !== undefined) await api.remove(`/api/v1/namespaces/${APPLICATION_NAMESPACE}/pods/${fast.pod}`);
  return judged(run, {
    findings: [
      ...(slow === undefined ? [unknown('replaced-gracefully', 'the drill ended before')] : slowFindings(slow, run.history)),
      ...(fast === undefined ? [unknown('killed-by-the-kernel', 'the drill ended before')] : fastFindings(fast, workload)),
    ],
    extra: { replacedSeconds: slow?.replacedSeconds ?? null, recoveredSeconds: fast?.recoveredSeconds ?? null, ended: fast?.reason ?? null },
  });
};
