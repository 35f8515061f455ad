/** What the files say, checked: the gateway is given nothing that it could not serve with. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hasEnded } from '../../lib/services/switches';
import { reasonOf } from '../follower/log';

/** A file says something that can't be used; the gateway keeps what it has. */
export class UnusableError extends Error {
  override readonly name = 'UnusableError';
}

export interface WantedCertificate {
  /** Certificate, chain and key, as HAProxy takes them. */
  readonly pem: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  readonly notAfter: Date;
}

/** HAProxy reads until the first empty line. */
const withoutEmptyLines = (pem: string): string =>
  pem
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n');

/** @throws UnusableError when they don't belong together, or the certificate has expired */
export const wantedCertificate = (certificate: string, key: string, now: Date): WantedCertificate => {
  try {
    const leaf = new X509Certificate(certificate);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new UnusableError('the key is not that of the certificate');
    const notAfter = new Date(leaf.validTo);
    if (notAfter <= now) throw new UnusableError(`the certificate expired at ${notAfter.toISOString()}`);
    return { pem: `${withoutEmptyLines(certificate)}\n${withoutEmptyLines(key)}\n`, fingerprint: leaf.fingerprint256, notAfter };
  } catch (error) {
    throw error instanceof UnusableError ? error : new UnusableError(`not a certificate with its key: ${reasonOf(error)}`);
  }
};

const BITS = { 4: 32, 6: 128 } as const;
/** A list that refuses half of all addresses is a mistake. */
const SHORTEST_PREFIX = { 4: 8, 6: 16 } as const;

const problemOf = (entry: string): string | undefined => {
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if ((version !== 4 && version !== 6) || rest.length > 0) return 'not an address or a CIDR';
  const length = prefix === undefined ? BITS[version] : Number(prefix);
  if (prefix !== undefined && !/^\d+$/.test(prefix)) return 'not an address or a CIDR';
  if (length > BITS[version]) return `a prefix has at most ${BITS[version]} bits`;
  return length < SHORTEST_PREFIX[version] ? `would block /${length}: allowed are /${SHORTEST_PREFIX[version]} and longer` : undefined;
};

/** @throws UnusableError naming every line that is none */
export const wantedBlocklist = (text: string, now: Date): readonly string[] => {
  const lines = text.split('\n').map((line, i) => ({ entry: hasEnded(line, now) ? '' : line.replace(/#.*$/, '').trim(), number: i + 1 }));
  const entries = lines.filter(({ entry }) => entry !== '');
  const problems = entries.flatMap(({ entry, number }) => {
    const problem = problemOf(entry);
    return problem === undefined ? [] : [`line ${number}: ${entry}: ${problem}`];
  });
  if (problems.length > 0) throw new UnusableError(problems.join('; '));
  return [...new Set(entries.map(({ entry }) => entry))].sort();
};

/** @throws UnusableError when it is no JSON object, or the switch is neither on nor off */
export const wantedEmergency = (json: string): boolean => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UnusableError(`not JSON: ${reasonOf(error)}`);
  }
  const emergency: unknown = typeof value === 'object' && value !== null && 'emergencyLimits' in value ? value.emergencyLimits : undefined;
  if (emergency === undefined) return false;
  if (typeof emergency !== 'boolean') throw new UnusableError(`emergencyLimits: given ${JSON.stringify(emergency)}; allowed: true, false`);
  return emergency;
};
