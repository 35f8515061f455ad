import { p3 } from '../profiles/p3';
import type { EnvironmentInput } from '../topology/types';
import { inTheLab, labWith, SCALING } from './lab-workloads';

/** Documentation's addresses (RFC 5737): nobody answers, and the lab enforces no NetworkPolicy. */
const NO_CHAIN = { host: '203.0.113.0/24', port: 443 };

/** The profile `p3`, whose three services are played by the reference backend: docs/workloads.md says what that proves. */
export const labP3: EnvironmentInput = labWith('lab-p3', p3({ ...inTheLab, scaling: SCALING, chainRpc: NO_CHAIN }));
