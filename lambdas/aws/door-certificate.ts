/** The certificate by which the doors of the regions know the failover: from files (a lab, a person's machine), or from Secrets Manager. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readFileSync } from 'node:fs';
import { Refused } from '../../lib/failover/errors';
import { failCall, limits } from './limits';

export interface DoorCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const TIMEOUT = 2000;
/** Certificates are renewed while a function lives. Milliseconds. */
const MAX_AGE = 10 * 60_000;

const partsOf = (text: string, name: string): DoorCertificate => {
  const parts = parsedSecret(text);
  const missing = ['certificate', 'key', 'ca'].filter((part) => typeof parts[part] !== 'string' || parts[part] === '');
  if (missing.length > 0) throw new Refused(`the secret ${name} lacks ${missing.join(', ')}; allowed: JSON {certificate, key, ca}, each in PEM`);
  return { cert: String(parts['certificate']), key: String(parts['key']), ca: String(parts['ca']) };
};

const parsedSecret = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {}; // told as "lacks" everything
  }
};

/** @throws Refused when there is none, or it is not whole; NoAnswer */
const fromSecret = async (name: string, region: string): Promise<DoorCertificate> => {
  const client = new SecretsManagerClient({ region, ...limits(TIMEOUT) });
  const answer = await client
    .send(new GetSecretValueCommand({ SecretId: name }))
    .catch((error: unknown) => failCall(`reading the secret ${name} in ${region}`, error));
  return partsOf(answer.SecretString ?? '', name);
};

/** @param region where the function runs, and the secret's copy lies */
export const doorCertificate = (region: string, environment: NodeJS.ProcessEnv = process.env): (() => Promise<DoorCertificate>) => {
  const { HOLDFAST_DOOR_CERT: cert, HOLDFAST_DOOR_KEY: key, HOLDFAST_DOOR_CA: ca, HOLDFAST_DOOR_SECRET: secret } = environment;
  if (cert !== undefined && key !== undefined && ca !== undefined) {
    return () => Promise.resolve({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), ca: readFileSync(ca, 'utf8') });
  }
  let kept: { readonly at: number; readonly value: Promise<DoorCertificate> } | undefined;
  return () => {
    if (secret === undefined) throw new Refused('no certificate for the doors: set HOLDFAST_DOOR_SECRET, or HOLDFAST_DOOR_CERT, _KEY and _CA');
    if (kept === undefined || performance.now() - kept.at > MAX_AGE) {
      const value = fromSecret(secret, region);
      kept = { at: performance.now(), value };
      value.catch(() => (kept = undefined));
    }
    return kept.value;
  };
};
