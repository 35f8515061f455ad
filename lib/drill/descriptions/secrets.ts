/** What the drills of secrets do. */
import type { SecretScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

export const SECRET_DRILLS: ProcedureDescriptions<SecretScenario> = {};
