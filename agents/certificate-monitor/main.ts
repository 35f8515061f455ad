/** Watches the certificates that are served: `certificate-monitor [configuration file]`. What an object in the cluster says of them is of no interest here. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServedCertificate } from '../../lib/operations/certificates/served';
import { MONITOR, MONITOR_CONFIG_DIR, type MonitorConfig } from '../../lib/services/certificates';
import { makeLog, onChange, reasonOf } from '../follower/log';
import { inCluster, Kubernetes } from '../restore/kubernetes';
import { lookAtAll, readRoots } from './look';
import { renderMetrics } from './metrics';

const log = onChange(
  makeLog((line) => process.stdout.write(`${line}\n`)),
  (what) => what,
);

interface State {
  served: readonly ServedCertificate[];
  lookedAt: number | null;
}

/** The token of the service account is read anew each time: it is replaced while this runs. */
const look = async (config: MonitorConfig, state: State): Promise<void> => {
  const api = new Kubernetes(inCluster(process.env));
  try {
    state.served = await lookAtAll({ ...config, rootsOf: readRoots(config) }, api, Date.now);
    state.lookedAt = Date.now();
    for (const { endpoint, level, problems } of state.served) log(endpoint, `${level}${problems.length === 0 ? '' : `: ${problems.join('; ')}`}`);
  } catch (error) {
    log('not looked', reasonOf(error));
  } finally {
    api.close();
  }
};

const main = async (): Promise<void> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? `${MONITOR_CONFIG_DIR}/certificate-monitor.json`, 'utf8')) as MonitorConfig;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const state: State = { served: [], lookedAt: null };
  const server = createServer((request, response) => {
    if (request.url === '/metrics') response.setHeader('content-type', 'text/plain; version=0.0.4').end(renderMetrics(state.served, state.lookedAt));
    else if (request.url === '/certificates') response.setHeader('content-type', 'application/json').end(JSON.stringify(state));
    else if (request.url === '/health')
      response.writeHead(state.lookedAt === null ? 503 : 200).end(`${state.lookedAt === null ? 'not looked yet' : 'looked'}\n`);
    else response.writeHead(404).end();
  }).listen(config.listen.port, config.listen.host);
  while (!stop.signal.aborted) {
    await look(config, state);
    // Until the first look has worked there is nothing to tell.
    await sleep((state.lookedAt === null ? 5 : config.checkEvery) * 1000, undefined, { signal: stop.signal }).catch(() => undefined); // told to stop
  }
  server.close();
  server.closeAllConnections();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${MONITOR}: ${reasonOf(error)}\n`);
    process.exit(1);
  },
);
