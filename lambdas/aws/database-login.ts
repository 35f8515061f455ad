/** The application's login, as the cluster has it: from the secret that the region has a copy of. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Refused } from '../../lib/failover/errors';
import { doorCertificate } from './door-certificate';
import { failCall, limits } from './limits';
import type { ProbeLogin } from './write-probe';

const TIMEOUT = 2000;
const KEY = 'application-password';

/** Rotations use two roles in turn, and say which one is in use. */
const USER_KEY = 'application-username';

const loginIn = (text: string, name: string, initial: string): { readonly user: string; readonly password: string } => {
  const secret = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { [KEY]: password, [USER_KEY]: user = initial } = secret;
  if (typeof password !== 'string' || password === '') throw new Refused(`the secret ${name} has no "${KEY}"`);
  if (typeof user !== 'string' || user === '') throw new Refused(`the secret ${name} has a "${USER_KEY}" that is no name`);
  return { user, password };
};

/** @param region where the function runs */
export const databaseLogin = (region: string, environment: NodeJS.ProcessEnv = process.env): (() => Promise<ProbeLogin>) => {
  const client = new SecretsManagerClient({ region, ...limits(TIMEOUT) });
  const certificate = doorCertificate(region, environment);
  const { HOLDFAST_DATABASE_SECRET: name, HOLDFAST_DATABASE_USER: user } = environment;
  return async () => {
    if (name === undefined || user === undefined) throw new Refused('no login for the probe: set HOLDFAST_DATABASE_SECRET and HOLDFAST_DATABASE_USER');
    const [answer, { ca }] = await Promise.all([
      client.send(new GetSecretValueCommand({ SecretId: name })).catch((error: unknown) => failCall(`reading the secret ${name} in ${region}`, error)),
      // The same authority signs the poolers' certificates.
      certificate(),
    ]);
    return { ...loginIn(answer.SecretString ?? '{}', name, user), ca };
  };
};
