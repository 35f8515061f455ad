/** The lease keeper: beside every PostgreSQL member of an environment whose regions fail over. It keeps the deadline after which this member takes no more commits. */
import { ConfigError } from '../checks';
import { readConfig as readFollowerConfig } from '../follower/config';
import { makeLog, reasonOf } from '../follower/log';
import { readConfig } from './config';
import { keepLease } from './run';

const BAD_CONFIG = 2;
const FAILED = 1;

const log = makeLog((line) => process.stdout.write(`${line}\n`));

const main = async (): Promise<number> => {
  const [followerFile, keeperFile, ...rest] = process.argv.slice(2);
  if (followerFile === undefined || keeperFile === undefined || rest.length > 0) {
    throw new ConfigError("usage: lease-keeper <the follower's configuration, with this pod's certificates> <configuration>");
  }
  const follower = readFollowerConfig(followerFile);
  const { regions } = follower;
  if (regions === undefined) throw new ConfigError(`${followerFile}: "regions" is missing: with one region there is no lease to keep`);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log('stopping', signal);
      stop.abort();
    });
  }
  await keepLease({ follower, regions, keeper: readConfig(keeperFile), log, stop: stop.signal });
  return 0;
};

const fail = (code: number, error: unknown): void => {
  process.stderr.write(`lease-keeper: ${reasonOf(error)}\n`);
  log('failed', reasonOf(error));
  process.exitCode = code;
};

// In an unknown state it extends nothing any more: it is started again.
process.on('uncaughtException', (error) => {
  fail(FAILED, error);
  process.exit(FAILED);
});

main().then(
  (code) => process.exit(code),
  (error: unknown) => fail(error instanceof ConfigError ? BAD_CONFIG : FAILED, error),
);
