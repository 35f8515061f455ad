/** The leader follower: runs beside PgBouncer and points it at whichever PostgreSQL member holds the leader key. */
import { readConfig, ConfigError } from './config';
import { makeLog, reasonOf } from './log';
import { follow } from './run';

const DEFAULT_CONFIG_FILE = '/etc/follower/follower.json';
const BAD_CONFIG = 2;
const FAILED = 1;

const log = makeLog((line) => process.stdout.write(`${line}\n`));

const main = async (): Promise<number> => {
  const [file = DEFAULT_CONFIG_FILE, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || file.startsWith('-')) throw new ConfigError(`usage: follower [configuration file, ${DEFAULT_CONFIG_FILE} if not given]`);
  const config = readConfig(file);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log('stopping', signal);
      stop.abort();
    });
  }
  await follow(config, log, stop.signal);
  return 0;
};

const fail = (code: number, error: unknown): void => {
  process.stderr.write(`follower: ${reasonOf(error)}\n`);
  log('failed', reasonOf(error));
  process.exitCode = code;
};

// A follower in an unknown state is worse than one that is started again: its route is in the file.
process.on('uncaughtException', (error) => {
  fail(FAILED, error);
  process.exit(FAILED);
});

main().then(
  (code) => process.exit(code),
  (error: unknown) => fail(error instanceof ConfigError ? BAD_CONFIG : FAILED, error),
);
