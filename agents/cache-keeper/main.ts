/** The cache's keeper, and the commands that people run in its pod: `keep`, `status`, `fix`, `takeover`, `clear-sessions`. */
import { parseArgs } from 'node:util';
import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import { ConfigError } from '../checks';
import { makeLog, reasonOf, type Log } from '../follower/log';
import { clear, fix, status, takeover, type Session } from './commands';
import { operatorPassword, readConfig } from './config';
import { openConnections } from './connections';
import { keep } from './keep';

const DEFAULT_CONFIG_FILE = '/etc/cache-keeper/keeper.json';
const USAGE = 2;
const FAILED = 1;

const OPTIONS = {
  config: { type: 'string', default: DEFAULT_CONFIG_FILE },
  json: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  'confirm-down': { type: 'boolean', default: false },
  match: { type: 'string' },
  store: { type: 'string', default: 'json' },
  all: { type: 'boolean', default: false },
} as const;

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
type Values = ReturnType<typeof parse>['values'];

const clearOptions = ({ match, store, all, ...values }: Values): Parameters<typeof clear>[1] => {
  if (match === undefined || match === '') throw new ConfigError('--match: given nothing; allowed: a pattern such as session:*');
  if (store !== 'json' && store !== 'hash') throw new ConfigError(`--store: given ${store}; allowed: json, hash`);
  return { match, store, all, dryRun: values['dry-run'] };
};

const COMMANDS: Readonly<Record<string, (session: Session, values: Values) => Promise<number>>> = {
  status: (session) => status(session),
  fix: (session, values) => fix(session, { dryRun: values['dry-run'] }),
  takeover: (session, values) => takeover(session, { confirmed: values['confirm-down'], dryRun: values['dry-run'] }),
  'clear-sessions': (session, values) => clear(session, clearOptions(values)),
};

/** A command begins with a connection to every node at once, in a process that has just started beside the keeper: a busy node must not look silent to it. */
const patient = (config: CacheKeeperConfig): CacheKeeperConfig => ({ ...config, requestTimeoutSeconds: 3 * config.requestTimeoutSeconds });

const keepUntilStopped = async (file: string, log: Log): Promise<number> => {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log('stopping', signal);
      stop.abort();
    });
  }
  await keep(readConfig(file), log, stop.signal);
  return 0;
};

const main = async (): Promise<number> => {
  const { values, positionals } = parse(process.argv.slice(2));
  const [name = 'keep', ...rest] = positionals;
  if (name === 'keep' && rest.length === 0)
    return keepUntilStopped(
      values.config,
      makeLog((line) => process.stdout.write(`${line}\n`)),
    );
  const command = COMMANDS[name];
  if (command === undefined || rest.length > 0) {
    throw new ConfigError(`usage: cache-keeper [keep|${Object.keys(COMMANDS).join('|')}] [options]; given: ${positionals.join(' ')}`);
  }
  const config = patient(readConfig(values.config));
  const connections = openConnections(config, () => operatorPassword(config));
  try {
    // What is done goes to standard error, so that JSON stays clean.
    const log = makeLog((line) => process.stderr.write(`${line}\n`));
    return await command({ config, connections, json: values.json, print: (text) => process.stdout.write(text), log }, values);
  } finally {
    connections.close();
  }
};

const isUsage = (error: unknown): boolean =>
  error instanceof ConfigError || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(isUsage(error) ? USAGE : FAILED);
  },
);
