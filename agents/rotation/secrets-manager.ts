/** The copy of the passwords in AWS Secrets Manager, which a cluster is made from: it follows a rotation, and never has a password that is refused. */
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import type { CopyConfig } from '../../lib/services/rotation/job';
import { RotationError } from './ports';

const TIMEOUT_MS = 5_000;
const ATTEMPTS = 4;

export type CopiedSubject = 'database' | 'cache';
/** Keeps a copy of these fields elsewhere. @throws RotationError when it can't */
export type CopyOut = (subject: CopiedSubject, fields: Readonly<Record<string, string>>) => Promise<void>;

const objectIn = (text: string | undefined): Readonly<Record<string, string>> => {
  const parsed: unknown = JSON.parse(text ?? '');
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('it is no JSON object');
  return parsed as Readonly<Record<string, string>>;
};

/** @param more for an emulated AWS */
export const copyToSecretsManager = (config: CopyConfig, more: SecretsManagerClientConfig = {}): CopyOut => {
  const client = new SecretsManagerClient({
    region: config.region,
    maxAttempts: ATTEMPTS,
    requestHandler: { requestTimeout: TIMEOUT_MS, connectionTimeout: TIMEOUT_MS },
    ...more,
  });
  return async (subject, fields) => {
    const name = config.names[subject];
    if (name === null) throw new RotationError(`there is no secret in AWS Secrets Manager for "${subject}"`);
    try {
      const before = objectIn((await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString);
      // What is not rotated stays: the passphrase of the backups, above all.
      const after = { ...before, ...fields };
      if (Object.entries(fields).every(([key, value]) => before[key] === value)) return;
      await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(after) }));
    } catch (error) {
      throw new RotationError(
        `the secret ${name} in AWS Secrets Manager (${config.region}) could not be brought up to date: ${error instanceof Error ? error.message : String(error)}. ` +
          'Both versions stay good; mend that, and go on with --resume (the job does so by itself)',
      );
    }
  };
};
