/** Which stages each scenario of secrets goes through: no server is left without a login, so what is left are connections that are made anew. */
import { homeRegion } from '../derive';
import type { SecretScenario } from '../scenarios';
import type { Environment } from '../types';
import { CONSTANTS } from './constants';
import type { FamilyStages } from './family';
import type { Stage } from './stages';

/** `wal_retrieve_retry_interval` in lib/services/postgresql-parameters.ts: how soon a standby whose stream ended asks again. */
const STREAM_RETRY_SECONDS = 0.2;

/** Every standby changes its login in the same round of its HA loop, and strict commits wait until it streams again. */
const standbysReconnect = ({ postgres }: ReturnType<typeof homeRegion>): Stage => ({
  name: 'standbys stream with the new login',
  lower: 0,
  upper: 2 * STREAM_RETRY_SECONDS + CONSTANTS.standbyFollows.upper,
  source: `wal_retrieve_retry_interval, twice; ${CONSTANTS.standbyFollows.source}`,
  settings: postgres.synchronousMode === 'strict' ? ['postgres.synchronousMode'] : [],
  savable: 0,
});

/** A new login at the pooler and, behind it, at the server. */
const clientsLogInAnew = ({ pooler }: ReturnType<typeof homeRegion>): Stage => ({
  name: 'clients log in anew',
  lower: 0,
  upper: pooler.serverConnectTimeout + pooler.serverLoginRetry,
  source: 'pooler.serverConnectTimeout, pooler.serverLoginRetry',
  settings: ['pooler.serverConnectTimeout', 'pooler.serverLoginRetry'],
  savable: 0,
});

const change = (environment: Environment): readonly Stage[] => {
  const home = homeRegion(environment);
  return [standbysReconnect(home), clientsLogInAnew(home)];
};

export const SECRET_STAGES: FamilyStages<SecretScenario> = { 'rotate-secrets': change, 'credentials-compromised': change };
