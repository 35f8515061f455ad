import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { configFrom } from '../../../examples/backend/config';
import { createService, type Service } from '../../../examples/backend/service';
import { valuesOf } from '../../../lib/services/exposition';
import { freePort } from '../../support/free-port';
import { describeIf, imageTools } from '../../support/requires';
import { newUser, receiptBy } from './client';
import { eventually, type Servers, startServers } from './servers';

const START_MS = 900_000;
const SLOW_MS = 120_000;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
}

describeIf(imageTools, 'the backend with a real PostgreSQL, PgBouncer and Valkey Cluster', () => {
  let servers: Servers;
  const running: Service[] = [];

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<Service> => {
    const ports = { PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
    const service = createService(configFrom({ ...servers.environment, ...ports, LOG_LEVEL: 'silent', FAULTS: '1', RELEASE: 'r1', ...more }));
    running.push(service);
    await service.start();
    return service;
  };

  const ask = async (service: Service, method: 'GET' | 'POST', url: string, payload?: object, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await service.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  const order = (service: Service, key: string, quantity = 1): Promise<Answer> =>
    ask(service, 'POST', '/orders', { item: 'bolt', quantity }, { 'idempotency-key': key });
  const event = (service: Service, id: string): Promise<Answer> => ask(service, 'POST', '/events', { id, type: 'moved', payload: { x: 1 } });
  const part = async (service: Service, name: string, reachable: boolean): Promise<void> =>
    eventually(
      `${name} reachable: ${reachable}`,
      async () => ((await ask(service, 'GET', '/health')).body['parts'] as Record<string, { reachable: boolean }>)[name]?.reachable === reachable,
      () => '',
    );

  let service: Service;
  beforeAll(async () => {
    servers = await startServers();
    service = await start();
  }, START_MS);
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await servers.close();
  }, SLOW_MS);
  afterEach(async () => {
    servers.database.back();
    servers.elsewhere.back();
    servers.cache.back();
    await part(service, 'database', true);
    await part(service, 'cache', true);
  }, SLOW_MS);

  test('is ready, and says which release it is', async () => {
    const answer = await ask(service, 'GET', '/health/ready');
    expect(answer).toMatchObject({ status: 200, body: { ready: true, degraded: [] } });
    expect(answer.headers).toMatchObject({ 'x-release': 'r1', 'x-pod': 'backend' });
  });

  test('places an order once, however often it is sent', async () => {
    const first = await order(service, 'k1');
    const again = await order(service, 'k1');
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    expect((await ask(service, 'GET', `/orders/${String(first.body['id'])}`)).body).toEqual(first.body);
  });

  test('places an order once when it is sent many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => order(service, 'k2')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
  });

  test('refuses a key that was used for another order', async () => {
    await order(service, 'k3', 1);
    expect(await order(service, 'k3', 2)).toMatchObject({ status: 422, body: { error: 'key_used_for_another_order' } });
  });

  test(
    'finishes an order that was begun while the database was away for a moment',
    async () => {
      await servers.database.stop();
      const pending = order(service, 'k4');
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await servers.database.restart();
      expect((await pending).status).toBe(201);
      expect((await order(service, 'k4')).status).toBe(200);
    },
    SLOW_MS,
  );

  test(
    'says 503 with Retry-After when the deadline has passed, and not later',
    async () => {
      const impatient = await start({ REQUEST_DEADLINE_MS: '1500' });
      servers.database.away();
      const begun = performance.now();
      const answer = await order(impatient, 'k5');
      expect(answer).toMatchObject({ status: 503, body: { error: 'database_unavailable' } });
      expect(answer.headers['retry-after']).toBe('1');
      expect(performance.now() - begun).toBeLessThan(4000);
    },
    SLOW_MS,
  );

  test(
    'takes up a rotated login with the next connection',
    async () => {
      const rotated = await start();
      await Promise.all([
        writeFile(join(servers.directory, 'database', 'username'), 'app\n'),
        writeFile(join(servers.directory, 'database', 'password'), 'wrong\n'),
      ]);
      await servers.database.stop();
      await servers.database.restart();
      await part(rotated, 'database', false);
      await writeFile(join(servers.directory, 'database', 'password'), 'secret\n');
      await part(rotated, 'database', true);
    },
    SLOW_MS,
  );

  test(
    'keeps sessions from the database while the cache is away, and from the cache again when it is back',
    async () => {
      const { body } = await ask(service, 'POST', '/sessions', { subject: 'ann' });
      const find = (): Promise<Answer> => ask(service, 'GET', `/sessions/${String(body['id'])}`);
      expect((await find()).headers['x-served-from']).toBe('cache');
      servers.cache.away();
      expect(await find()).toMatchObject({ status: 200, headers: { 'x-served-from': 'database' } });
      expect((await ask(service, 'POST', '/sessions', { subject: 'bob' })).status).toBe(201);
      await part(service, 'cache', false);
      expect((await ask(service, 'GET', '/health/ready')).body).toEqual({ ready: true, degraded: ['cache'] });
      servers.cache.back();
      await eventually(
        'served from the cache',
        async () => (await find()).headers['x-served-from'] === 'cache',
        () => '',
      );
    },
    SLOW_MS,
  );

  test(
    'keeps events while the database is away, and has each of them once when it is back',
    async () => {
      expect((await event(service, 'e-0')).status).toBe(201);
      servers.database.away();
      await part(service, 'database', false);
      const ids = Array.from({ length: 30 }, (_, index) => `e-${index}`);
      const answers = await Promise.all([...ids, ...ids].map((id) => event(service, id)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      servers.database.back();
      await eventually(
        'the queue is empty',
        async () => {
          const { status, body } = await ask(service, 'GET', '/events/count?prefix=e-');
          return status === 200 && body['queued'] === 0 && body['stored'] === 30;
        },
        () => '',
      );
    },
    SLOW_MS,
  );

  test(
    'asks to slow down when too many events wait',
    async () => {
      const small = await start({ QUEUE_BACKPRESSURE_AT: '5' });
      servers.database.away();
      await part(small, 'database', false);
      const statuses: number[] = [];
      for (let index = 0; index < 12; index += 1) statuses.push((await event(small, `b-${index}`)).status);
      expect(statuses.slice(0, 5)).toEqual([202, 202, 202, 202, 202]);
      expect(await event(small, 'b-last')).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
    },
    SLOW_MS,
  );

  describe('receipts', () => {
    const user = newUser();
    const challenge = async (): Promise<string> => String((await ask(service, 'POST', '/challenges', {})).body['nonce']);
    const submit = (receipt: object, from = service): Promise<Answer> => ask(from, 'POST', '/receipts', receipt);

    test('are taken once', async () => {
      const receipt = receiptBy(user, await challenge());
      expect(await submit(receipt)).toMatchObject({ status: 201, body: { nonceChecked: true } });
      expect(await submit(receipt)).toMatchObject({ status: 409, body: { error: 'duplicate_nonce', accepted: true } });
      expect(await submit(receiptBy(user, receipt.nonce, 'b'.repeat(64)))).toMatchObject({ status: 409, body: { error: 'duplicate_nonce' } });
    });

    test('are taken once of many at once', async () => {
      const nonce = await challenge();
      const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => submit(receiptBy(user, nonce, String(index).repeat(64)))));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    });

    test('with a nonce that was never issued are refused', async () => {
      expect(await submit(receiptBy(user, 'x'.repeat(43)))).toMatchObject({ status: 410, body: { error: 'expired_challenge' } });
    });

    test(
      'are judged by the backup when the cache has forgotten its nonces, and still taken once',
      async () => {
        const receipt = receiptBy(user, await challenge());
        const used = receiptBy(user, await challenge());
        expect((await submit(used)).status).toBe(201);
        await servers.cache.forgetEverything();
        expect((await submit(receipt)).status).toBe(201);
        expect((await submit(used)).status).toBe(409);
        expect((await submit(receiptBy(user, used.nonce, 'c'.repeat(64)))).status).toBe(409);
      },
      SLOW_MS,
    );

    test(
      'are not taken while nonces can not be checked, unless somebody has allowed it, and then each is written down',
      async () => {
        const receipts = [receiptBy(user, await challenge()), receiptBy(user, await challenge())] as const;
        servers.cache.away();
        const refused = await submit(receipts[0]);
        expect(refused).toMatchObject({ status: 503, body: { error: 'nonce_store_unavailable' } });
        expect(refused.headers['retry-after']).toBe('5');
        const allowed = { nonceUnchecked: { by: 'ann', reason: 'drill', until: new Date(Date.now() + 600_000).toISOString() } };
        await writeFile(join(servers.directory, 'switches.json'), JSON.stringify(allowed));
        await eventually(
          'the emergency is on',
          async () => (await submit(receipts[0])).status === 201,
          () => '',
        );
        expect(await submit(receipts[1])).toMatchObject({ status: 201, body: { nonceChecked: false } });
        expect((await submit(receipts[1])).status).toBe(409);
        await writeFile(join(servers.directory, 'switches.json'), '{}');
        await eventually(
          'the emergency is over',
          async () => (await submit(receiptBy(user, 'y'.repeat(43)))).status === 503,
          () => '',
        );
      },
      SLOW_MS,
    );
  });

  describe('limits', () => {
    const limits = (more: object = {}) => {
      const perSecond = (requests: number, retryAfterSeconds: number) => ({ requestsPerSecond: requests, burst: requests, retryAfterSeconds });
      const set = { user: perSecond(10, 10), endpoint: perSecond(100, 1), endpoints: [] };
      const signatures = { perAddress: 20, windowSeconds: 60, blockForSeconds: 600 };
      return { ...set, emergency: set, limiterDown: 'local', warmUpSeconds: 0, invalidSignatures: signatures, maxBody: 10_000, ...more };
    };
    const write = (content: object): Promise<void> => writeFile(join(servers.directory, 'limits.json'), JSON.stringify(content));
    let pods: readonly [Service, Service];
    let metricsPort: string;
    beforeAll(async () => {
      await write(limits());
      metricsPort = String(await freePort());
      pods = [await start({ POD_NAME: 'limited-a', METRICS_PORT: metricsPort }), await start({ POD_NAME: 'limited-b' })];
    }, SLOW_MS);
    afterAll(() => rm(join(servers.directory, 'limits.json')));

    /** Requests of one address, sent at once to both pods in turn. */
    const flood = async (address: string, requests: number): Promise<readonly Answer[]> =>
      Promise.all(
        Array.from({ length: requests }, (_, index) =>
          ask(pods[index % 2 === 0 ? 0 : 1], 'GET', '/orders/not-an-id', undefined, { 'x-forwarded-for': address }),
        ),
      );
    const admitted = (answers: readonly Answer[]): number => answers.filter(({ status }) => status !== 429).length;

    test('are one for all pods, and say when to come back', async () => {
      const answers = await flood('10.0.0.1', 60);
      // A token or two may come back while sixty requests are answered.
      expect(admitted(answers)).toBeGreaterThanOrEqual(10);
      expect(admitted(answers)).toBeLessThanOrEqual(14);
      expect(answers.find(({ status }) => status === 429)).toMatchObject({ headers: { 'retry-after': '10', 'x-limit': 'user' } });
      expect((await flood('10.0.0.2', 1))[0]?.status).toBe(400);
    });

    test('are compared with a bare question to the cache while a drill asks for it', async () => {
      const [pod] = pods;
      const compared = async (): Promise<readonly number[]> =>
        valuesOf(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(), 'backend_limiter_own_seconds_count');
      await flood('10.0.0.7', 4);
      expect(await compared()).toEqual([0]);
      await ask(pod, 'POST', '/faults', { compareLimits: true });
      await flood('10.0.0.8', 4);
      await ask(pod, 'POST', '/faults', {});
      await flood('10.0.0.9', 4);
      expect(await compared()).toEqual([2]);
    });

    test(
      'begin at half when the cache has forgotten who used up what',
      async () => {
        await write(limits({ warmUpSeconds: 600 }));
        await servers.cache.forgetEverything();
        await new Promise((resolve) => setTimeout(resolve, 3000));
        expect(admitted(await flood('10.0.0.3', 40))).toBeLessThanOrEqual(8);
        await write(limits());
      },
      SLOW_MS,
    );

    test(
      'are counted by each pod for itself while the cache is away: a burst, and then its share of the rate',
      async () => {
        servers.cache.away();
        for (const pod of pods) await part(pod, 'cache', false);
        const began = performance.now();
        const count = admitted(await flood('10.0.0.4', 90));
        // Ten of each pod, and ten more only after two seconds: half of the rate.
        expect(count).toBeGreaterThanOrEqual(10);
        expect(count).toBeLessThanOrEqual(20 * Math.ceil((performance.now() - began) / 2000));
      },
      SLOW_MS,
    );

    test(
      'let everything through, or nothing, while the cache is away, as it was declared',
      async () => {
        servers.cache.away();
        for (const pod of pods) await part(pod, 'cache', false);
        for (const [limiterDown, status] of [
          ['open', 400],
          ['closed', 503],
        ] as const) {
          await write(limits({ limiterDown }));
          await eventually(
            limiterDown,
            async () => (await flood('10.0.0.5', 40)).every((answer) => answer.status === status),
            () => '',
          );
        }
        await write(limits());
      },
      SLOW_MS,
    );
  });

  describe('two pods of which one loses the database', () => {
    const ready = async (pod: Service): Promise<boolean> => (await ask(pod, 'GET', '/health/ready')).status === 200;

    test(
      'leave it to the other one; when both lose it, both stay',
      async () => {
        const [cut, well] = [await start({ POD_NAME: 'cut', DATABASE_PORT: servers.elsewhere.port }), service];
        expect([await ready(cut), await ready(well)]).toEqual([true, true]);
        servers.elsewhere.away();
        await eventually(
          'the pod that was cut off leaves',
          async () => !(await ready(cut)),
          () => '',
        );
        expect((await ask(cut, 'GET', '/health/ready')).body['because']).toMatch(/can from another pod/);
        expect(await ready(well)).toBe(true);
        for (const one of running.filter((other) => other !== cut && other !== well)) await one.stop();
        running.splice(0, running.length, service, cut);
        servers.database.away();
        await eventually(
          'both stay',
          async () => (await ready(cut)) && (await ready(well)),
          () => '',
        );
        servers.elsewhere.back();
        servers.database.back();
        await part(cut, 'database', true);
        expect((await order(cut, 'after')).status).toBe(201);
      },
      SLOW_MS,
    );

    test(
      'nobody leaves when all lose it at once',
      async () => {
        const other = await start({ POD_NAME: 'other' });
        servers.database.away();
        servers.elsewhere.away();
        for (const end = Date.now() + 12_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
          expect([await ready(other), await ready(service)]).toEqual([true, true]);
        }
      },
      SLOW_MS,
    );
  });

  test(
    'a pod whose connections are all busy has not lost the database',
    async () => {
      const busy = await start({ DATABASE_CONNECTIONS: '2', POD_NAME: 'busy' });
      const { DATABASE_HOST: host = '', DATABASE_PORT: port } = servers.environment;
      const ca = await readFile(join(servers.directory, 'database', 'ca.crt'), 'utf8');
      const blocker = new Client({ host, port: Number(port), database: 'app', user: 'app', password: 'secret', ssl: { ca } });
      await blocker.connect();
      await blocker.query('BEGIN');
      await blocker.query('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
      const pending = Array.from({ length: 8 }, (_, index) => order(busy, `busy-${index}`));
      for (const end = Date.now() + 5000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
        expect((await ask(busy, 'GET', '/health/ready')).body).toEqual({ ready: true, degraded: [] });
      }
      await blocker.query('ROLLBACK');
      await blocker.end();
      // 200: an attempt that was given up had placed it.
      for (const { status } of await Promise.all(pending)) expect([200, 201]).toContain(status);
    },
    SLOW_MS,
  );

  test(
    'finishes what was begun when it is stopped, and takes nothing new',
    async () => {
      const stopping = await start({ FAULTS_INITIAL: '{"latencyMs":800}' });
      const { port } = stopping.app.server.address() as { port: number };
      const pending = fetch(`http://127.0.0.1:${port}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k9' },
        body: JSON.stringify({ item: 'nut', quantity: 1 }),
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const stopped = stopping.stop();
      running.splice(running.indexOf(stopping), 1);
      expect((await pending).status).toBe(201);
      const answered = performance.now();
      await stopped;
      // The client would have kept the connection: it is not waited for.
      expect(performance.now() - answered).toBeLessThan(10_000);
      await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow('fetch failed');
    },
    SLOW_MS,
  );
});
