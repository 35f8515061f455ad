/** Certificates for tests, by openssl: any dates, names and signatures. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

interface Wanted {
  readonly name: string;
  readonly names?: readonly string[];
  readonly authority?: boolean;
  /** Days from now, both may be negative. */
  readonly from?: number;
  readonly days?: number;
}

const date = (daysFromNow: number): string => `${new Date(Date.now() + daysFromNow * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;

const extensions = ({ names = [], authority = false }: Wanted): string =>
  [
    `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}`,
    ...(authority ? ['keyUsage=critical,keyCertSign,cRLSign'] : ['extendedKeyUsage=serverAuth']),
    ...(names.length === 0 ? [] : [`subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`]),
  ].join('\n');

/** @param signer null: signs itself */
export const issue = (wanted: Wanted, signer: Pair | null = null): Pair => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-chain-'));
  const file = (name: string): string => join(directory, name);
  const openssl = (...argv: readonly string[]): void => void execFileSync('openssl', argv, { cwd: directory, stdio: 'pipe' });
  try {
    const { name, from = -1, days = 90 } = wanted;
    writeFileSync(file('ext'), extensions(wanted));
    writeFileSync(file('index'), '');
    writeFileSync(
      file('serial'),
      `${Math.floor(Math.random() * 2 ** 40)
        .toString(16)
        .padStart(12, '0')}\n`,
    );
    writeFileSync(
      file('cnf'),
      '[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n',
    );
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', 'key', '-out', 'csr');
    const signing = signer === null ? ['-selfsign', '-keyfile', 'key'] : ['-cert', 'ca.crt', '-keyfile', 'ca.key'];
    if (signer !== null) {
      writeFileSync(file('ca.crt'), signer.certificate);
      writeFileSync(file('ca.key'), signer.key);
    }
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      'cnf',
      '-in',
      'csr',
      '-out',
      'crt',
      '-extfile',
      'ext',
      '-startdate',
      date(from),
      '-enddate',
      date(from + days),
      ...signing,
    );
    return { certificate: readFileSync(file('crt'), 'utf8'), key: readFileSync(file('key'), 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
