/** How the drills of operations are carried out. */
import type { OperationScenario } from '../../../lib/topology/scenarios';
import type { Procedures } from './procedure';

export const OPERATION_PROCEDURES: Procedures<OperationScenario> = {};
