import { nostream } from '../profiles/nostream';
import type { EnvironmentInput } from '../topology/types';
import { inTheLab, labWith, scalingByQueue } from './lab-workloads';

/** The profile `nostream`, played by the reference backend: docs/workloads.md says what that proves. */
export const labNostream: EnvironmentInput = labWith('lab-nostream', nostream({ ...inTheLab, scaling: scalingByQueue('nostream_queue_depth') }));
