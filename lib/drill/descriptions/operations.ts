/** What the drills of operations do. */
import type { OperationScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const OPERATION_DRILLS: ProcedureDescriptions<OperationScenario> = {};
