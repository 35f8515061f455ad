/** Runs certbot: a new certificate each time, with an account that is kept elsewhere between the runs. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { RenewerConfig } from '../../lib/services/certificates';

/** Files of certbot's account directory, by their path in it. */
export type Account = Readonly<Record<string, string>>;

export interface Issued {
  /** PEM: the certificate, then its intermediates. */
  readonly chain: string;
  readonly key: string;
  readonly account: Account;
}

/** certbot could not: why, and whether it is because the authority does not know the account. */
export class IssueError extends Error {
  constructor(
    message: string,
    readonly accountUnknown: boolean,
  ) {
    super(message);
    this.name = 'IssueError';
  }
}

const LINEAGE = 'gateway';
/** An authority, a zone and resolvers that answer at all have answered by then. */
const LONGEST_MS = 300_000;
/** RFC 8555, 6.7, and what authorities say when a key is nobody's. */
const ACCOUNT_UNKNOWN = /accountDoesNotExist|unable to find account|account .*(not found|does not exist|deactivated)|no such account|unauthorized.*account/i;

type Place = Pick<RenewerConfig, 'directory' | 'contact' | 'names' | 'workDirectory'>;

const argumentsFor = ({ directory, contact, names, workDirectory }: Place): readonly string[] => [
  'certonly',
  '--non-interactive',
  '--agree-tos',
  '--no-eff-email',
  ...['--email', contact],
  ...['--server', directory],
  ...['--authenticator', 'dns-route53'],
  ...['--cert-name', LINEAGE],
  ...['--key-type', 'ecdsa', '--elliptic-curve', 'secp256r1'],
  '--force-renewal',
  ...['--config-dir', join(workDirectory, 'config')],
  ...['--work-dir', join(workDirectory, 'work')],
  ...['--logs-dir', join(workDirectory, 'logs')],
  ...['--max-log-backups', '0'],
  ...names.flatMap((name) => ['--domain', name]),
];

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const runProgram = (program: string, argv: readonly string[], signal: AbortSignal): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL', timeout: LONGEST_MS });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });

const accountsOf = (workDirectory: string): string => join(workDirectory, 'config', 'accounts');

const readAccount = async (workDirectory: string): Promise<Account> => {
  const root = accountsOf(workDirectory);
  if (!existsSync(root)) return {};
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(await Promise.all(files.map(async (file) => [relative(root, file), await readFile(file, 'utf8')] as const)));
};

const writeAccount = async (workDirectory: string, account: Account): Promise<void> => {
  for (const [path, text] of Object.entries(account)) {
    const file = join(accountsOf(workDirectory), path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, text, { mode: 0o600 });
  }
};

const detailsOf = async (workDirectory: string): Promise<string> => {
  const log = join(workDirectory, 'logs', 'letsencrypt.log');
  return existsSync(log) ? readFile(log, 'utf8') : '';
};

/** What a person wants to read of it. */
const essence = (output: string): string =>
  output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Saving debug log|Ask for help|See the logfile|Some challenges have failed|- )/.test(line))
    .slice(-6)
    .join(' ')
    .slice(0, 600);

/**
 * @param account from an earlier run; empty: a new one is registered
 * @throws IssueError when there is no certificate
 */
export const issueByCertbot = async (place: Place, account: Account, signal: AbortSignal, program = 'certbot'): Promise<Issued> => {
  const { workDirectory } = place;
  // Nothing of an earlier run is left but the account, so that whatever is there afterwards is new.
  await rm(workDirectory, { recursive: true, force: true }).catch(() => emptyDirectory(workDirectory));
  await mkdir(join(workDirectory, 'config'), { recursive: true, mode: 0o700 });
  await writeAccount(workDirectory, account);
  const { code, output } = await runProgram(program, argumentsFor(place), signal);
  const live = join(workDirectory, 'config', 'live', LINEAGE);
  if (code !== 0 || !existsSync(join(live, 'fullchain.pem'))) {
    const unknown = ACCOUNT_UNKNOWN.test(output) || ACCOUNT_UNKNOWN.test(await detailsOf(workDirectory));
    throw new IssueError(`certbot ended with ${code ?? `no code within ${LONGEST_MS / 1000} s`}: ${essence(output)}`, unknown);
  }
  const [chain, key] = await Promise.all([readFile(join(live, 'fullchain.pem'), 'utf8'), readFile(join(live, 'privkey.pem'), 'utf8')]);
  return { chain, key, account: await readAccount(workDirectory) };
};

/** The directory itself may be a mount. */
const emptyDirectory = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
};
