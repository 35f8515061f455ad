import { REFERENCE_BACKEND } from './defaults-workloads';
import type { Environment } from './types';

/** Whether a workload of this environment is the reference backend, whose image is built from this repository. */
export const runsReferenceBackend = ({ workloads }: Pick<Environment, 'workloads'>): boolean => workloads.some(({ image }) => image === REFERENCE_BACKEND);
