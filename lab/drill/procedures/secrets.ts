/** How the drills of secrets are carried out. */
import type { SecretScenario } from '../../../lib/topology/scenarios';
import type { Procedures } from './procedure';

export const SECRET_PROCEDURES: Procedures<SecretScenario> = {};
