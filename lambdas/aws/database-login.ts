/** The application's login, as the cluster has it: from the secret that the region has a copy of. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Refused } from '../../lib/failover/errors';
import { doorCertificate } from './door-certificate';
import { failCall, limits } from './limits';
import type { ProbeLogin } from './write-probe';

const TIMEOUT = 2000;
const KEY = 'application-password';

const passwordIn = (text: string, name: string): string => {
  const secret = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { [KEY]: password } = secret;
  if (typeof password !== 'string' || password === '') throw new Refused(`the secret ${name} has no "${KEY}"`);
  return password;
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
    return { user, password: passwordIn(answer.SecretString ?? '{}', name), ca };
  };
};
