/**
 * What the limits add to a request, by themselves: one backend, a Valkey Cluster over TLS on this machine, and nobody else on it. No test: a figure, of an idle machine.
 *
 *   npx jest --testMatch '<rootDir>/test/examples/backend/limiter.measure.ts'
 *
 * Prints one line of JSON; with MEASURE_OUT it writes it to that file.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { configFrom } from '../../../examples/backend/config';
import { createService } from '../../../examples/backend/service';
import { seriesIn } from '../../../lib/services/exposition';
import { freePort } from '../../support/free-port';
import { describeIf, imageTools } from '../../support/requires';
import { startServers } from './servers';

const REQUESTS = 5000;
const PER_SECOND = 60;
const WARM = 500;

/** Requests by the bound of their bucket. */
const counted = async (port: string): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return new Map(seriesIn(text).flatMap(({ name, labels, value }) => (name === 'backend_limiter_seconds_bucket' ? [[labels['le'] ?? '', value]] : [])));
};

describeIf(imageTools, 'the limits by themselves', () => {
  test('measured', async () => {
    const servers = await startServers();
    const perSecond = { requestsPerSecond: 10, burst: 10, retryAfterSeconds: 10 };
    const set = { user: perSecond, endpoint: { ...perSecond, requestsPerSecond: 1, burst: 1 }, endpoints: [] };
    const invalidSignatures = { perAddress: 20, windowSeconds: 60, blockForSeconds: 600 };
    const limits = { ...set, emergency: set, limiterDown: 'local', warmUpSeconds: 0, invalidSignatures, maxBody: 10_000 };
    await writeFile(join(servers.directory, 'limits.json'), JSON.stringify(limits));
    const ports = { PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
    const service = createService(configFrom({ ...servers.environment, ...ports, LOG_LEVEL: 'silent', FAULTS: '1', RELEASE: 'r1' }));
    try {
      await service.start();
      const statuses = new Map<number, number>();
      const ask = async (index: number): Promise<void> => {
        // Everybody asks once: nobody is refused, and nobody is known from before.
        const address = `198.18.${Math.floor(index / 250) % 250}.${index % 250}`;
        const { statusCode } = await service.app.inject({ method: 'GET', url: '/orders/not-an-id', headers: { 'x-forwarded-for': address } });
        statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      };
      const send = async (from: number, count: number): Promise<void> => {
        const underWay: Promise<void>[] = [];
        for (let i = 0; i < count; i++) {
          underWay.push(ask(from + i));
          // As independent users come.
          await pause((-Math.log(1 - Math.random()) * 1000) / PER_SECOND);
        }
        await Promise.all(underWay);
      };
      await send(0, WARM);
      const before = await counted(ports.METRICS_PORT);
      statuses.clear();
      await send(WARM, REQUESTS);
      const after = await counted(ports.METRICS_PORT);
      const requests = new Map([...after].map(([upTo, count]) => [upTo, count - (before.get(upTo) ?? 0)]));
      const report = {
        what: 'backend_limiter_seconds: from the question whether a request is admitted to the answer of a Valkey Cluster over TLS; two limits each',
        date: new Date().toISOString().slice(0, 16),
        command: "npx jest --testMatch '<rootDir>/test/examples/backend/limiter.measure.ts'",
        machine: { processors: cpus().length, model: cpus()[0]?.model, node: process.versions.node },
        requests: REQUESTS,
        requestsPerSecond: PER_SECOND,
        statuses: Object.fromEntries(statuses),
        shareWithin2Milliseconds: (requests.get('0.002') ?? 0) / REQUESTS,
        requestsUpToSeconds: Object.fromEntries(requests),
      };
      console.warn(JSON.stringify(report));
      if (process.env['MEASURE_OUT'] !== undefined) await writeFile(process.env['MEASURE_OUT'], `${JSON.stringify(report, null, 2)}\n`);
      expect(statuses).toEqual(new Map([[400, REQUESTS]]));
    } finally {
      await service.stop();
      await servers.close();
    }
  }, 900_000);
});
