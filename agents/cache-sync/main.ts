/** The cache synchroniser: one in each region; copies the writer's cache into the other region's. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { CacheSyncConfig } from '../../lib/services/cache-sync-config';
import { makeLog, reasonOf } from '../follower/log';
import { newMetrics, renderMetrics, type SyncMetrics } from './metrics';
import { CacheSync } from './run';

const DEFAULT_CONFIG_FILE = '/etc/cache-sync/cache-sync.json';
const FAILED = 1;

const log = makeLog((line) => process.stdout.write(`${line}\n`));

const serve = ({ listen }: CacheSyncConfig, metrics: SyncMetrics): Promise<ReturnType<typeof createServer>> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      if (request.url === '/metrics') response.setHeader('content-type', 'text/plain; version=0.0.4').end(renderMetrics(metrics, Date.now()));
      else if (request.url === '/health') response.writeHead(metrics.decision === undefined ? 503 : 200).end(`${metrics.decision ?? 'not decided'}\n`);
      else response.writeHead(404).end();
    });
    server.on('error', reject);
    server.listen(listen.port, listen.host, () => resolve(server));
  });

const main = async (): Promise<void> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? DEFAULT_CONFIG_FILE, 'utf8')) as CacheSyncConfig;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const metrics = newMetrics();
  const server = await serve(config, metrics);
  await new CacheSync(config, metrics, log, stop.signal).run();
  server.close();
  server.closeAllConnections();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`cache-sync: ${reasonOf(error)}\n`);
    process.exit(FAILED);
  },
);
