/** Measures how far this machine's clock is off: `clock-monitor [configuration file] [--once]`. It sets nothing; that is chrony's. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { judgeClock, type ClockVerdict, type TimeSample } from '../../lib/operations/clocks';
import { CLOCK_MONITOR, CLOCK_MONITOR_CONFIG_DIR, type ClockMonitorConfig } from '../../lib/services/certificates';
import { makeLog, onChange, reasonOf } from '../follower/log';
import { renderMetrics } from './metrics';
import { askForTime } from './sntp';

const log = onChange(makeLog((line) => process.stdout.write(`${line}\n`)));

export interface ClockState {
  samples: readonly TimeSample[];
  verdict: ClockVerdict | null;
  /** Milliseconds since the epoch, by the clock in question. */
  measuredAt: number | null;
}

const measure = async ({ sources, maxOffset }: ClockMonitorConfig, state: ClockState): Promise<ClockVerdict> => {
  state.samples = await Promise.all(sources.map((source) => askForTime(source)));
  const verdict = judgeClock(state.samples, maxOffset);
  Object.assign(state, { verdict, measuredAt: Date.now() });
  if (verdict.kind === 'unknown') log('clock', `unknown: ${verdict.because}`);
  else log('clock', verdict.kind, { offsetSeconds: verdict.offsetSeconds, wrong: verdict.wrong.join(' ') });
  return verdict;
};

const main = async (): Promise<number> => {
  const [file = `${CLOCK_MONITOR_CONFIG_DIR}/clock-monitor.json`, flag] = process.argv.slice(2);
  const config = JSON.parse(readFileSync(file, 'utf8')) as ClockMonitorConfig;
  const state: ClockState = { samples: [], verdict: null, measuredAt: null };
  if (flag === '--once') {
    const verdict = await measure(config, state);
    process.stdout.write(`${JSON.stringify(state)}\n`);
    return verdict.kind === 'right' ? 0 : 1;
  }
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const server = createServer((request, response) => {
    if (request.url === '/metrics')
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(renderMetrics(state, process.env['NODE_NAME'] ?? hostname()));
    else if (request.url === '/clock') response.setHeader('content-type', 'application/json').end(JSON.stringify(state));
    else if (request.url === '/health') response.writeHead(state.measuredAt === null ? 503 : 200).end('\n');
    else response.writeHead(404).end();
  }).listen(config.listen.port, config.listen.host);
  while (!stop.signal.aborted) {
    await measure(config, state);
    await sleep(config.checkEvery * 1000, undefined, { signal: stop.signal }).catch(() => undefined); // told to stop
  }
  server.close();
  server.closeAllConnections();
  return 0;
};

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${CLOCK_MONITOR}: ${reasonOf(error)}\n`);
    process.exit(1);
  },
);
