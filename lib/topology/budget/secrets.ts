/** Which stages each scenario of secrets goes through. */
import type { SecretScenario } from '../scenarios';
import type { FamilyStages } from './family';

export const SECRET_STAGES: FamilyStages<SecretScenario> = {};
