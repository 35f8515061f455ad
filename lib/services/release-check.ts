/** What the job reads that sends requests to a new release before any user does (agents/release-check). */
import type { Workload } from '../topology/types-workloads';

export interface ReleaseCheckConfig {
  /** The Service that leads to the new release's pods only: every address that it resolves to is asked. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly durationSeconds: number;
  readonly intervalSeconds: number;
  readonly maxErrorPercent: number;
  readonly maxP99Seconds: number;
}

export const RELEASE_CHECK_FILE = 'release-check.json';
export const RELEASE_CHECK_DIR = '/etc/release-check';
/** Name resolution, the start of the program, and the last round. */
const ALLOWANCE_SECONDS = 60;

/** Pods of a release that is not served yet. */
export const canaryService = (workload: Pick<Workload, 'name'>): string => `${workload.name}-canary`;
export const releaseCheckName = (workload: Pick<Workload, 'name'>): string => `${workload.name}-release`;

/** The port that users reach, else the first one. */
const servedPort = ({ ports, public: published }: Workload): number =>
  (ports.find(({ name }) => name === published?.port) ?? ports.find(({ name }) => name === 'http') ?? ports[0])?.port ?? 0;

export const releaseCheckConfig = (workload: Workload, namespace: string): ReleaseCheckConfig => {
  const { analysis } = workload.rollout;
  return {
    host: `${canaryService(workload)}.${namespace}.svc.cluster.local`,
    port: servedPort(workload),
    path: analysis.path,
    durationSeconds: analysis.duration,
    intervalSeconds: analysis.interval,
    maxErrorPercent: analysis.maxErrorPercent,
    maxP99Seconds: analysis.maxP99,
  };
};

/** Beyond this it hangs, and has failed. */
export const releaseCheckDeadlineSeconds = ({ rollout }: Workload): number => Math.ceil(rollout.analysis.duration + ALLOWANCE_SECONDS);
