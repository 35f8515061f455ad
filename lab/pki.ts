/** Certificates for one lab, by openssl: a private key and a certificate signed by a CA of the lab's own, valid for as long as the model's default. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './exec';

/** PEM texts. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes' API server takes the group from it. */
  readonly organization?: string;
  /** For example `DNS:localhost`, `IP:127.0.0.1`. */
  readonly alternativeNames?: readonly string[];
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
}

/** As `certificates.lifetime`: a monitor that counts in shares of it would complain of less. */
const LIFETIME_DAYS = '90';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Removes its files whatever happens: keys stay nowhere but where the caller puts them. */
const inScratch = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-pki-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const pair = async (directory: string): Promise<KeyPair> => ({
  certificate: await readFile(join(directory, 'tls.crt'), 'utf8'),
  key: await readFile(join(directory, 'tls.key'), 'utf8'),
});

export const createAuthority = (commonName: string): Promise<KeyPair> =>
  inScratch(async (d) => {
    const constraints = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    await run([
      'openssl',
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      LIFETIME_DAYS,
      '-subj',
      `/CN=${commonName}`,
      ...constraints,
      '-keyout',
      join(d, 'tls.key'),
      '-out',
      join(d, 'tls.crt'),
    ]);
    return pair(d);
  });

export const issueCertificate = (authority: KeyPair, request: CertificateRequest): Promise<KeyPair> =>
  inScratch(async (d) => {
    const file = (name: string): string => join(d, name);
    await Promise.all([
      writeFile(file('ca.crt'), authority.certificate),
      writeFile(file('ca.key'), authority.key, { mode: 0o600 }),
      writeFile(file('ext'), extensions(request)),
    ]);
    const subject = `${request.organization === undefined ? '' : `/O=${request.organization}`}/CN=${request.commonName}`;
    await run(['openssl', 'req', '-new', ...NEW_KEY, '-subj', subject, '-keyout', file('tls.key'), '-out', file('csr')]);
    const signing = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', LIFETIME_DAYS, '-extfile', file('ext')];
    await run(['openssl', 'x509', '-req', '-in', file('csr'), ...signing, '-out', file('tls.crt')]);
    return pair(d);
  });

const extensions = ({ alternativeNames, usages }: CertificateRequest): string =>
  [
    `extendedKeyUsage=${usages.join(',')}`,
    'keyUsage=critical,digitalSignature',
    ...(alternativeNames === undefined ? [] : [`subjectAltName=${alternativeNames.join(',')}`]),
  ].join('\n');

/** The key that signs service account tokens; the API server wants SEC1 PEM, not PKCS8. */
export const createSigningKey = (): Promise<string> => run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout']);
