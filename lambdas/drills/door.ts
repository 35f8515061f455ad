/** Who the primary is, by the word of the home region's doors (mTLS, GET only). */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { isWritable, type RegionSight } from '../../lib/failover/region-observation';
import type { DrillSettings } from '../../lib/operations/drills/settings';

export interface DoorCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

const TIMEOUT_MS = 3000;

/** From Secrets Manager, or from files (a lab). */
export const certificateHere = async (): Promise<DoorCertificate> => {
  const { HOLDFAST_DOOR_SECRET: secret, HOLDFAST_DOOR_CERT: cert, HOLDFAST_DOOR_KEY: key, HOLDFAST_DOOR_CA: ca } = process.env;
  if (cert !== undefined && key !== undefined && ca !== undefined)
    return { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), ca: readFileSync(ca, 'utf8') };
  if (secret === undefined) throw new Error('no certificate for the doors: set HOLDFAST_DOOR_SECRET, or HOLDFAST_DOOR_CERT, _KEY and _CA');
  const { SecretString } = await new SecretsManagerClient({ maxAttempts: 2 }).send(new GetSecretValueCommand({ SecretId: secret }));
  return JSON.parse(SecretString ?? '{}') as DoorCertificate;
};

const ask = (address: string, port: number, { certificate: cert, key, ca }: DoorCertificate): Promise<RegionSight> =>
  new Promise((done, fail) => {
    const asked = request({ host: address, port, path: '/members', cert, key, ca, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) fail(new Error(`${address} answered ${String(response.statusCode)}: ${text.slice(0, 200)}`));
        else done(JSON.parse(text) as RegionSight);
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`${address} did not answer within ${TIMEOUT_MS} ms`)));
    asked.on('error', fail);
    asked.end();
  });

/** The writable primary's name. @throws Error when no door answers, or there is none, or not exactly one */
export const primaryMember = async (settings: DrillSettings, certificate: DoorCertificate): Promise<string> => {
  const sight = await Promise.any(settings.doors.map((address) => ask(address, settings.doorPort, certificate))).catch((error: unknown) => {
    const reasons = error instanceof AggregateError ? error.errors.map((e: unknown) => (e instanceof Error ? e.message : String(e))) : [String(error)];
    throw new Error(`no door of ${settings.region} answers: ${reasons.join('; ')}`);
  });
  const primaries = sight.members.filter(isWritable).map(({ name }) => name);
  const [only, ...more] = primaries;
  if (only === undefined || more.length > 0)
    throw new Error(`${settings.region} has ${primaries.length} writable primaries: ${primaries.join(', ') || 'none'}; a drill needs exactly one`);
  return only;
};
