/** What looks after workloads: how much each controller may use. As measured in the lab, with room to grow. */
import type { Resources } from './types';
import { mebibytes, millicores } from './units';

/** Two of each: the second takes over when the first is gone. */
export const CONTROLLER_REPLICAS = 2;

const using = (cpu: number, memory: number): Resources => ({ cpu: millicores(cpu), memory: mebibytes(memory), cpuLimit: millicores(1000) });

export const CONTROLLER_RESOURCES = {
  'argo-rollouts': using(20, 192),
  'metrics-server': using(20, 160),
  'metrics-adapter': using(20, 128),
  'memory-keeper': using(10, 128),
} as const satisfies Record<string, Resources>;

/** Of the job that sends requests to a new release. */
export const RELEASE_CHECK_RESOURCES: Resources = using(50, 128);
