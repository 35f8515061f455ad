import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openssl = (directory: string, ...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const SUBJECT_ALT_NAMES = { server: 'IP:127.0.0.1', client: 'DNS:holdfast', rest: 'DNS:somebody-else' } as const;
const FILES = ['ca.crt', ...Object.keys(SUBJECT_ALT_NAMES).flatMap((name) => [`${name}.crt`, `${name}.key`])];
let made: ReadonlyMap<string, Buffer> | undefined;

/** Writes ca.crt and, signed by it, `server`, `client` and `rest` (which carries a name that nobody asks for), each `.crt` and `.key`. */
export const writeCertificates = (directory: string): void => {
  made ??= make();
  for (const [name, content] of made) writeFileSync(join(directory, name), content);
};

const make = (): ReadonlyMap<string, Buffer> => {
  const directory = mkdtempSync(join(tmpdir(), 'follower-ca-'));
  try {
    openssl(directory, 'req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test CA');
    Object.entries(SUBJECT_ALT_NAMES).forEach(([name, altName]) => sign(directory, name, altName));
    return new Map(FILES.map((file) => [file, readFileSync(join(directory, file))]));
  } finally {
    rmSync(directory, { recursive: true });
  }
};

const sign = (directory: string, name: string, altName: string): void => {
  writeFileSync(join(directory, `${name}.ext`), `subjectAltName=${altName}\n`);
  openssl(directory, 'req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
  openssl(directory, 'x509', '-req', '-in', `${name}.csr`, ...authority, '-out', `${name}.crt`);
};
