import { pouw } from '../profiles/pouw';
import type { EnvironmentInput } from '../topology/types';
import { inTheLab, labWith, scalingByQueue } from './lab-workloads';

/** The profile `pouw`, played by the reference backend: docs/workloads.md says what that proves. */
export const labPouw: EnvironmentInput = labWith('lab-pouw', pouw({ ...inTheLab, scaling: scalingByQueue('pouw_reward_queue_depth') }));
