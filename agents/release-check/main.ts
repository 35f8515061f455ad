/** The job of an analysis: exit code 0 when the new release may serve users, 1 when not. */
import { resolve4 } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { RELEASE_CHECK_DIR, RELEASE_CHECK_FILE, type ReleaseCheckConfig } from '../../lib/services/release-check';
import { reasonOf } from '../follower/log';
import { checkRelease } from './check';
import type { Sample } from './judge';

const FAILED = 1;
/** An answer that has not come after so many times what is allowed does not come in time any more. */
const PATIENCE = 3;

const now = (): number => performance.now() / 1000;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * As the gateway passes a user's request on.
 * Connections are made anew, as after a release: what is kept alive would hide that nobody accepts.
 */
const ask = ({ port, path, host, maxP99Seconds }: ReleaseCheckConfig, address: string, client: string): Promise<Sample> => {
  const start = now();
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve) => {
    const end = (status: number): void => resolve({ status, seconds: now() - start });
    const headers = { host, 'x-forwarded-for': client, 'x-forwarded-proto': 'https' };
    const outgoing = request({ host: address, port, path, agent, headers, timeout: maxP99Seconds * PATIENCE * 1000 }, (answer) => {
      answer.on('error', () => end(0));
      answer.on('end', () => end(answer.statusCode ?? 0));
      answer.resume();
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', () => end(0));
    outgoing.end();
  });
};

const addressesOf = async (host: string): Promise<readonly string[]> => {
  try {
    return await resolve4(host);
  } catch (error) {
    // A Service without a ready pod has no address: that is an answer. Anything else is not known, and asked again.
    say(`${host}: ${reasonOf(error)}`);
    return [];
  }
};

const main = async (): Promise<number> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? `${RELEASE_CHECK_DIR}/${RELEASE_CHECK_FILE}`, 'utf8')) as ReleaseCheckConfig;
  const verdict = await checkRelease(config, {
    resolve: addressesOf,
    request: (address, client) => ask(config, address, client),
    sleep: async (seconds) => void (await pause(seconds * 1000)),
    now,
    report: say,
  });
  say(`${verdict.kind}: ${verdict.kind === 'go on' ? '' : verdict.because}`);
  return verdict.kind === 'pass' ? 0 : FAILED;
};

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`release-check: ${reasonOf(error)}\n`);
    process.exit(FAILED);
  },
);
