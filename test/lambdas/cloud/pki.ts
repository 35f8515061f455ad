/** An authority, and certificates of its own for everything that a test needs: the emulated AWS, doors, poolers, the failover. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { POOLER_NAME } from '../../../lib/topology/regions';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

const SUBJECTS = [
  ['aws', '/CN=aws', 'DNS:localhost,IP:127.0.0.1'],
  ['door', '/CN=door', `DNS:${POOLER_NAME}`],
  ['client', '/CN=holdfast-failover', 'DNS:failover'],
] as const;

export interface Pki {
  readonly ca: string;
  readonly pair: (name: 'aws' | 'door' | 'client') => { readonly cert: string; readonly key: string };
  readonly path: (file: string) => string;
}

export const makePki = (folder: string): Pki => {
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  openssl('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=authority');
  for (const [name, subject, san] of SUBJECTS) {
    openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject, '-addext', `subjectAltName=${san}`);
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.crt`);
  }
  const path = (file: string): string => join(folder, file);
  const read = (file: string): string => readFileSync(path(file), 'utf8');
  return { ca: read('ca.crt'), pair: (name) => ({ cert: read(`${name}.crt`), key: read(`${name}.key`) }), path };
};
