/** Writes to the database while a drill goes on, and says what a client saw of it. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DRILL_NAMESPACE, METER_SECONDS } from '../../lib/operations/drills/settings';
import { doorCertificate } from '../aws/door-certificate';
import { drillEvent, drillSettingsHere, logLine, metricLine, required } from '../drills/settings';
import type { WriterResult } from '../drills/measured';
import { connectTo, Writer, type PoolerLogin } from '../drills/writer';

const loginHere = async (user: string, region: string): Promise<PoolerLogin> => {
  const { SecretString } = await new SecretsManagerClient({ maxAttempts: 2 }).send(
    new GetSecretValueCommand({ SecretId: required('HOLDFAST_DATABASE_SECRET') }),
  );
  const secret = JSON.parse(SecretString ?? '{}') as Readonly<Record<string, unknown>>;
  const password = secret['application-password'];
  if (typeof password !== 'string') throw new Error(`the secret ${required('HOLDFAST_DATABASE_SECRET')} has no application-password`);
  return { user, password, ca: (await doorCertificate(region)()).ca };
};

/** @returns what the writer saw; the state machine hands it to whoever records it */
export const handler = async (event: unknown): Promise<WriterResult> => {
  const settings = drillSettingsHere();
  const { run, drill } = drillEvent(event, settings);
  const { poolers, poolerPort, database, name } = settings;
  const login = await loginHere(settings.user, settings.region);
  const writer = new Writer(run, {
    connect: (attempt) => connectTo(poolers[attempt % poolers.length] ?? '', poolerPort, database, login),
    elapsed: () => performance.now(),
    sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    silence: (seconds) => logLine(metricLine(DRILL_NAMESPACE, { Environment: name }, 'SecondsWithoutWrite', seconds, Date.now(), 1)),
  });
  try {
    const result = await writer.write(METER_SECONDS);
    logLine({ environment: name, drill, run, ...result });
    return result;
  } finally {
    await writer.close();
  }
};
