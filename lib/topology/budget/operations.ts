/** Which stages each scenario of operations goes through. */
import type { OperationScenario } from '../scenarios';
import type { FamilyStages } from './family';

export const OPERATION_STAGES: FamilyStages<OperationScenario> = {};
