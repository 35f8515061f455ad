import { answer, type Figures } from '../../../agents/metrics-adapter/api';
import { type Pod, Poll, readingOf } from '../../../agents/metrics-adapter/poll';
import { announceAuthority, trustedProxies } from '../../../agents/metrics-adapter/trust';
import { type Reading, Window } from '../../../agents/metrics-adapter/window';
import type { MetricsAdapterConfig } from '../../../lib/services/metrics-adapter';

const EXPOSITION = `# HELP http_request_duration_seconds Duration
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1",route="/a b"} 7
http_request_duration_seconds_count{route="/a",status="200"} 7
http_request_duration_seconds_count{route="/b",status="500"} 5 1700000000000
http_request_duration_seconds_count_other 100
backend_queue_depth 42
strange NaN
`;

describe('what a pod serves', () => {
  test("a pod's reading is the sum of its counters, whatever their labels, and its queue", () =>
    expect(readingOf(EXPOSITION, { name: 'backend', port: 9090, path: '/metrics', queueMetric: 'backend_queue_depth' })).toEqual({ requests: 12, queue: 42 }));

  test('a pod that counts nothing has no figure, which is not zero', () =>
    expect(readingOf('up 1\n', { name: 'backend', port: 9090, path: '/metrics', queueMetric: 'queue' })).toEqual({ requests: undefined, queue: undefined }));
});

describe('requests per second of a workload', () => {
  const reading = (requests: number): Reading => ({ requests, queue: undefined });
  const after = (...looks: readonly (readonly [number, readonly string[], Readonly<Record<string, number>>])[]): Window => {
    const window = new Window(20);
    for (const [at, pods, read] of looks) window.add(at, pods, new Map(Object.entries(read).map(([pod, n]) => [pod, reading(n)])));
    return window;
  };

  test('are those of all pods together', () =>
    expect(after([0, ['a', 'b'], { a: 0, b: 1000 }], [10, ['a', 'b'], { a: 100, b: 1300 }]).requestsPerSecond()).toBeCloseTo(40));

  test('are not known after one look', () => expect(after([0, ['a'], { a: 5 }]).requestsPerSecond()).toBeUndefined());

  test('a pod that does not answer is taken for as busy as the others', () =>
    expect(after([0, ['a', 'b'], { a: 0, b: 0 }], [10, ['a', 'b'], { a: 100 }], [30, ['a', 'b'], { a: 300 }]).requestsPerSecond()).toBeCloseTo(20));

  test('are not known while less than half of the pods are', () =>
    expect(after([0, ['a', 'b', 'c'], { a: 0 }], [10, ['a', 'b', 'c'], { a: 100 }]).requestsPerSecond()).toBeUndefined());

  test('a counter that begins anew (a restarted container) is not negative', () =>
    expect(after([0, ['a'], { a: 5000 }], [5, ['a'], { a: 10 }], [10, ['a'], { a: 60 }]).requestsPerSecond()).toBeCloseTo(10));

  test('pods that are gone count no more', () =>
    expect(after([0, ['a', 'b'], { a: 0, b: 0 }], [10, ['a', 'b'], { a: 100, b: 900 }], [11, ['a'], { a: 110 }]).requestsPerSecond()).toBeCloseTo(10));

  test('the window forgets: a load that ended is not seen for ever', () => {
    const looks = Array.from({ length: 13 }, (_, i) => [i * 5, ['a'], { a: Math.min(i * 5, 20) * 10 }] as const);
    expect(after(...looks).requestsPerSecond()).toBe(0);
  });

  test('the queue is the longest that was heard of, not the sum', () => {
    const window = new Window(20);
    window.add(
      0,
      ['a', 'b'],
      new Map([
        ['a', { requests: 0, queue: 40 }],
        ['b', { requests: 0, queue: 42 }],
      ]),
    );
    expect(window.queueDepth()).toBe(42);
    window.add(30, ['a', 'b'], new Map());
    expect(window.queueDepth()).toBeUndefined();
  });
});

describe('the API', () => {
  const figures: Figures = (workload, metric) => (workload === 'backend' && metric === 'requests-per-second' ? 123.4567 : undefined);
  const ask = (path: string) => answer(path, 'applications', figures, new Date('2026-01-01T00:00:00.123Z'));
  const value = '/apis/external.metrics.k8s.io/v1beta1/namespaces/applications/requests-per-second?labelSelector=workload%3Dbackend';

  test('gives a figure as an autoscaler expects it', () =>
    expect(ask(value)).toEqual({
      status: 200,
      body: {
        kind: 'ExternalMetricValueList',
        apiVersion: 'external.metrics.k8s.io/v1beta1',
        metadata: {},
        items: [{ metricName: 'requests-per-second', metricLabels: { workload: 'backend' }, timestamp: '2026-01-01T00:00:00Z', value: '123457m' }],
      },
    }));

  test.each([
    ['a figure that is not known is an error, never 0', value.replace('requests-per-second', 'queue-depth'), 503],
    ['a workload that is not known', value.replace('backend', 'other'), 503],
    ['another namespace', value.replace('applications', 'data'), 404],
    ['another metric', value.replace('requests-per-second', 'cpu'), 404],
    ['another selector', value.replace('workload', 'app'), 400],
    ['another path', '/api/v1/pods', 404],
    ['discovery', '/apis/external.metrics.k8s.io/v1beta1', 200],
  ])('%s: %s', (_, path, status) => expect(ask(path).status).toBe(status));
});

describe('looking at pods', () => {
  const CONFIG: MetricsAdapterConfig = {
    namespace: 'applications',
    workloads: [{ name: 'backend', port: 9090, path: '/metrics', queueMetric: null }],
    pollSeconds: 5,
    windowSeconds: 20,
    requestTimeoutSeconds: 2,
    apiPort: 1,
    healthPort: 2,
    tls: '',
  };
  const pod = (name: string, ready = true): Pod => ({
    metadata: { name, uid: name },
    status: { podIP: name, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });

  test('asks those that are ready, and forgets what it knew when the API server is silent', async () => {
    let time = 0;
    let silent = false;
    const asked: string[] = [];
    const poll = new Poll(CONFIG, {
      pods: () => (silent ? Promise.reject(new Error('no answer')) : Promise.resolve([pod('10.0.0.1'), pod('10.0.0.2', false)])),
      fetch: (url) => (asked.push(url), Promise.resolve(`http_requests_total ${time * 30}\n`)),
      now: () => time,
      log: () => undefined,
    });
    expect(poll.isStale()).toBe(true);
    await poll.round();
    time = 5;
    await poll.round();
    expect(poll.figure('backend', 'requests-per-second')).toBeCloseTo(30);
    expect(new Set(asked)).toEqual(new Set(['http://10.0.0.1:9090/metrics']));
    silent = true;
    time = 30;
    await poll.round();
    expect(poll.figure('backend', 'requests-per-second')).toBeUndefined();
    expect(poll.failures).toBe(1);
  });
});

describe('trust', () => {
  const api = (objects: Readonly<Record<string, object>>) => {
    const patched: object[] = [];
    return {
      patched,
      get: <T>(path: string) => Promise.resolve((Object.entries(objects).find(([key]) => path.endsWith(key))?.[1] ?? {}) as T),
      patch: (_: string, change: object) => (patched.push(change), Promise.resolve()),
    };
  };

  test("believes the authority of the API server's front proxy", async () =>
    expect(
      await trustedProxies(
        api({
          'extension-apiserver-authentication': { data: { 'requestheader-client-ca-file': 'PEM', 'requestheader-allowed-names': '["front-proxy-client"]' } },
        }),
      ),
    ).toEqual({ ca: 'PEM', names: ['front-proxy-client'] }));

  test('believes nobody where there is none', async () => {
    await expect(trustedProxies(api({ 'extension-apiserver-authentication': {} }))).rejects.toThrow(/no aggregation layer/);
  });

  test('tells the API server its own authority once, and again after a renewal', async () => {
    const caBundle = Buffer.from('CA').toString('base64');
    const fresh = api({ 'v1beta1.external.metrics.k8s.io': { spec: {} } });
    expect(await announceAuthority(fresh, 'CA')).toBe(true);
    expect(fresh.patched).toEqual([{ spec: { caBundle } }]);
    expect(await announceAuthority(api({ 'v1beta1.external.metrics.k8s.io': { spec: { caBundle } } }), 'CA')).toBe(false);
    expect(await announceAuthority(api({ 'v1beta1.external.metrics.k8s.io': { spec: { caBundle } } }), 'NEW')).toBe(true);
  });
});
