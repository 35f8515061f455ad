/** The memory keeper: warns, and replaces pods gracefully before the kernel kills them (CS-7). */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { MEMORY_KEEPER_DIR, MEMORY_KEEPER_FILE, type MemoryKeeperConfig } from '../../lib/services/memory-keeper';
import { makeLog, reasonOf } from '../follower/log';
import { inCluster, Kubernetes } from '../restore/kubernetes';
import { MemoryKeeper } from './keep';

const main = async (): Promise<never> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? `${MEMORY_KEEPER_DIR}/${MEMORY_KEEPER_FILE}`, 'utf8')) as MemoryKeeperConfig;
  const keeper = new MemoryKeeper(config, {
    cluster: new Kubernetes(inCluster(process.env)),
    me: hostname(),
    now: () => performance.now() / 1000,
    wallClock: Date.now,
    log: makeLog((line) => process.stdout.write(`${line}\n`)),
  });
  createServer((request, response) => {
    if (request.url === '/health/live') response.end('alive\n');
    else if (request.url === '/health/ready') response.writeHead(keeper.isWell() ? 200 : 503).end();
    else if (request.url === '/metrics') response.setHeader('content-type', 'text/plain; version=0.0.4').end(keeper.metrics());
    else response.writeHead(404).end();
  }).listen(config.healthPort);
  for (;;) {
    await keeper.round();
    await new Promise((done) => setTimeout(done, config.pollSeconds * 1000));
  }
};

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
main().catch((error: unknown) => {
  process.stderr.write(`memory-keeper: ${reasonOf(error)}\n`);
  process.exit(1);
});
