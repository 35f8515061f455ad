/** How long what takes with a workload, from what is configured: for budgets, and for drills that wait for it. Seconds. */
import { WORKLOAD_CONSTANTS as C } from './budget/constants-workloads';
import type { Environment } from './types';
import type { Probe, Workload } from './types-workloads';

/** The workload that users reach, and that the drills look at: the first one; null: none is reached. */
export const userWorkload = ({ workloads }: Pick<Environment, 'workloads'>): Workload | null => workloads.find((w) => w.public !== null) ?? null;

/** @throws Error where no workload is reached by users: their scenarios do not apply there */
export const requireUserWorkload = (environment: Pick<Environment, 'workloads'>): Workload => {
  const workload = userWorkload(environment);
  if (workload === null) throw new Error('no workload is reached by users (`public`)');
  return workload;
};

/** Who works on the queue that users' events go through: the workload that users reach, or else another one beside it; null: nobody scales by a queue. */
export const queueWorkload = (environment: Pick<Environment, 'workloads'>): Workload | null => {
  const reached = userWorkload(environment);
  return reached?.scaling.queue ? reached : (environment.workloads.find(({ scaling }) => scaling.queue !== null) ?? null);
};

/** Until the kubelet knows, at most: it had just asked. */
export const probeFailsWithin = ({ period, timeout, failures }: Probe): number => failures * period + timeout;

/** From the start of a container until requests are sent to it, at most: its own start, and then each probe's turn. */
export const readyWithin = ({ probes }: Workload): number => C.containerStarts.upper + probes.startup.period + probes.readiness.period;

/** Why a release is taken back. */
export type BadRelease = 'never-ready' | 'crash-loop' | 'failing-requests';

/** From the change of the release until it is taken back, at most. */
export const takenBackWithin = (workload: Workload, why: BadRelease): number => {
  const { progressDeadline, analysis } = workload.rollout;
  // Who never gets ready, or not for long, is given the whole deadline; who does is asked, and found out.
  const found = why === 'failing-requests' ? readyWithin(workload) + C.analysisStarts.upper + analysis.duration + analysis.interval : progressDeadline;
  return C.controllerActs.upper + found + C.controllerActs.upper;
};

/** From the change of the release until it alone serves, at most: one pod of it, the analysis, the others, and those before it are gone. */
export const releaseServesWithin = (workload: Workload): number =>
  C.controllerActs.upper + 2 * readyWithin(workload) + C.analysisStarts.upper + workload.rollout.analysis.duration + C.releaseSwitched.upper;

/** From the end of a killed process until it serves again, at most. The kubelet restarts at once what had not ended lately. */
export const restartsWithin = (workload: Workload): number => C.restartBegins.upper + readyWithin(workload);
