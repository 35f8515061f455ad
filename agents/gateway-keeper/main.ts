/** The gateway's keeper: beside each HAProxy, it carries a new certificate, blocklist or emergency into it, without a reload. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../checks';
import { makeLog, reasonOf } from '../follower/log';
import { readConfig } from './config';
import { look, newState } from './keep';
import { sendTo } from './runtime';
import { serve } from './server';

const USAGE = 2;
const FAILED = 1;

const main = async (): Promise<void> => {
  const [file, ...rest] = process.argv.slice(2);
  if (file === undefined || rest.length > 0) throw new ConfigError('usage: gateway-keeper FILE; allowed: the path of its configuration (JSON)');
  const config = readConfig(file);
  const log = makeLog((line) => process.stdout.write(`${line}\n`));
  const state = newState();
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  state.turnedAt = performance.now();
  const server = await serve(config.listen, state, () => performance.now());
  const send = sendTo(config.socket);
  while (!stop.signal.aborted) {
    await look(config, send, state, log);
    state.turnedAt = performance.now();
    await sleep(config.intervalSeconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  log('stopped', 'asked to');
  server.close();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(error instanceof ConfigError ? USAGE : FAILED);
  },
);
