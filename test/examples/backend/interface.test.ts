/** The reference backend stands in for the image of every profile: it answers what the profile's description says. */
import type { FastifyInstance } from 'fastify';
import { configFrom } from '../../../examples/backend/config';
import { createService } from '../../../examples/backend/service';
import { ENVIRONMENTS } from '../../../lib/environments';
import { declaredInterface } from '../../../lib/services/declared-interface';
import { workloadEnvironment } from '../../../lib/services/workload-environment';
import { defineEnvironment } from '../../../lib/topology/define';
import { homeRegion } from '../../../lib/topology/derive';
import type { Workload } from '../../../lib/topology/types-workloads';

const PLAYED = ['lab-workloads', 'lab-pouw', 'lab-p3', 'lab-nostream'];

/** As its container finds it, but for what needs files; without a database that could be reached. */
const environmentOf = (name: string, workload: Workload): Readonly<Record<string, string>> => {
  const environment = defined(name);
  const variables = workloadEnvironment(workload, environment, homeRegion(environment), 'x:1');
  return {
    ...variables,
    CACHE_NODES: '',
    LOG_LEVEL: 'silent',
    ...(variables['DATABASE_HOST'] === undefined ? {} : { DATABASE_HOST: '127.0.0.1', DATABASE_PORT: '9' }),
  };
};
const defined = (name: string) => {
  const input = ENVIRONMENTS[name];
  if (input === undefined) throw new Error(`no environment ${name}`);
  return defineEnvironment(input);
};
const cases = PLAYED.flatMap((name) => defined(name).workloads.map((workload) => [workload.name, name, workload] as const));

const get = async (app: FastifyInstance, url: string) => {
  const { statusCode, body } = await app.inject({ method: 'GET', url });
  return { statusCode, body };
};

describe.each(cases)('as %s of %s', (_workload, name, workload) => {
  const declared = declaredInterface(workload, defined(name));
  const config = configFrom(environmentOf(name, workload));
  const { app } = createService(config);
  beforeAll(() => app.ready());
  afterAll(() => app.close());

  test('listens where the description says', () => expect(Object.values(config.ports)).toEqual(expect.arrayContaining(workload.ports.map(({ port }) => port))));

  test('answers its probes, and users’ faults do not touch them', async () => {
    await app.inject({ method: 'POST', url: '/faults', payload: { errorPercent: 100 } });
    const { readiness, liveness, startup } = workload.probes;
    for (const { path } of [readiness, liveness, startup]) expect(await get(app, path)).toMatchObject({ statusCode: 200 });
    await app.inject({ method: 'DELETE', url: '/faults' });
  });

  test('says when it wants no requests', async () => {
    await app.inject({ method: 'POST', url: '/faults', payload: { unready: true } });
    expect(await get(app, workload.probes.readiness.path)).toMatchObject({ statusCode: 503 });
    await app.inject({ method: 'DELETE', url: '/faults' });
  });

  test('knows every route that the description names, and what its release is asked', () => {
    const routes = [...declared.routes, { method: 'GET', path: workload.rollout.analysis.path }];
    const isKnown = (method: string, path: string): boolean =>
      app.hasRoute({ method, url: path }) || app.hasRoute({ method, url: path.replace(/[^/]+$/, ':id') });
    expect(routes.filter(({ method, path }) => !isKnown(method, path))).toEqual([]);
  });

  // On a port of its own, the metrics are another server's: not this one's to answer.
  const beside =
    config.ports.metrics === config.ports.http ? { statusCode: 200, body: expect.stringContaining('http_request_duration_seconds') } : { statusCode: 404 };
  test('serves its metrics where the description says, and nowhere else', async () =>
    expect(await get(app, workload.metrics?.path ?? '')).toMatchObject(beside));
});

test('a route of its own is not replaced: the backend’s release is asked for an order, from the database', async () => {
  const [shop] = defined('lab-workloads').workloads;
  if (shop === undefined) throw new Error('no workload');
  const { app } = createService(configFrom(environmentOf('lab-workloads', shop)));
  await app.ready();
  expect([app.hasRoute({ method: 'GET', url: '/orders/:id' }), app.hasRoute({ method: 'GET', url: shop.rollout.analysis.path })]).toEqual([true, false]);
  await app.close();
});

describe('series that the alerts of a profile ask for', () => {
  const textOf = async (name: string, workload: string): Promise<string> => {
    const found = defined(name).workloads.find((w) => w.name === workload);
    if (found === undefined) throw new Error(`no workload ${workload}`);
    const { app } = createService(configFrom({ ...environmentOf(name, found), METRICS_PORT: String(found.ports[0]?.port) }));
    const { body } = await get(app, '/metrics');
    await app.close();
    return body;
  };

  test('are served, with their labels', async () =>
    expect(await textOf('lab-nostream', 'nostream')).toMatch(
      /nostream_events_rejected_total\{reason="invalid_signature"\} 0\n[^]*nostream_event_duration_seconds_bucket\{le="\+Inf"\} 0/,
    ));

  test('say what the service knows itself, under the asked name: the queue, and what it goes without', async () => {
    const text = await textOf('lab-nostream', 'nostream');
    expect(text).toMatch(/^nostream_queue_depth 0$/m);
    expect(text).toMatch(/^nostream_degraded\{part="database"\} 0$/m);
    expect(await textOf('lab-pouw', 'pouw')).toMatch(/^pouw_reward_queue_depth 0$/m);
  });
});

test('P3: the API server only feeds the queue that the anchor worker works on, and slows down by its measure', () => {
  const [api, , anchor] = defined('lab-p3').workloads;
  if (api === undefined || anchor === undefined) throw new Error('P3 has three workloads');
  expect(configFrom(environmentOf('lab-p3', api)).events).toMatchObject({ works: false, intake: 'queue', backpressureAt: 1500 });
  expect(configFrom(environmentOf('lab-p3', anchor)).events).toMatchObject({ works: true });
});

test('an interface that is none is refused, with what is allowed', () =>
  expect(() => configFrom({ INTERFACE: '{"base":"/x/","readiness":["health"],"colour":"red"}' })).toThrow(
    /INTERFACE.*a path that begins with \/.*without a slash at its end.*colour/s,
  ));
