import type { LookupAddress } from 'node:dns';
import { endpointsOf } from '../../../agents/follower/etcd';
import { makeLog, onChange, reasonOf } from '../../../agents/follower/log';
import { newMetrics, renderMetrics } from '../../../agents/follower/metrics';
import { rememberingLookup } from '../../../agents/follower/tls';
import { makeWake } from '../../../agents/follower/wake';

describe('endpoints', () => {
  test('whoever leaves a bad one moves everyone, once', () => {
    const endpoints = endpointsOf(['a', 'b', 'c'], 4);
    const moves: string[] = [];
    endpoints.onMove(() => moves.push(endpoints.current()));
    expect(endpoints.current()).toBe('b');
    endpoints.leave('b');
    endpoints.leave('b');
    expect(endpoints.current()).toBe('c');
    endpoints.leave('c');
    expect(moves).toEqual(['c', 'a']);
  });
  test('the only one is not left', () => {
    const endpoints = endpointsOf(['a'], 0);
    endpoints.leave('a');
    expect(endpoints.current()).toBe('a');
  });
});

describe('log', () => {
  test('is one JSON line with time, what and why', () => {
    const lines: string[] = [];
    makeLog(
      (line) => lines.push(line),
      () => new Date(0),
    )('route', 'because\nof that', { port: 5432, host: undefined });
    expect(lines).toEqual(['{"time":"1970-01-01T00:00:00.000Z","what":"route","why":"because\\nof that","port":5432}']);
  });
  test('tells a lasting state once, and coming back to it again', () => {
    const lines: string[] = [];
    const log = onChange((what, why) => lines.push(`${what} ${why}`));
    const step = onChange(
      (what, why) => lines.push(`${what} ${why}`),
      () => 'step',
    );
    for (const what of ['a', 'a', 'b', 'a']) log(what, '1');
    for (const what of ['hold', 'hold', 'reload', 'hold']) step(what, 'x');
    expect(lines).toEqual(['a 1', 'b 1', 'hold x', 'reload x', 'hold x']);
  });
  test('finds words for any failure', () => {
    expect(reasonOf(new Error('gone'))).toBe('gone');
    expect(reasonOf(new AggregateError([new Error('a'), new Error('b')]))).toBe('a; b');
    expect(reasonOf('text')).toBe('text');
  });
});

test('metrics: what is not known is left out, never zero', () => {
  const metrics = newMetrics();
  expect(renderMetrics(metrics, 0)).not.toMatch(/leader_info|last_answer|last_switch/);
  Object.assign(metrics, { leader: 'pg-0', etcdAnsweredAt: 1_000, lastSwitchSeconds: 0.25, routeSwitches: 2 });
  const text = renderMetrics(metrics, 3_500);
  expect(text).toContain('holdfast_follower_leader_info{member="pg-0"} 1\n');
  expect(text).toContain('holdfast_follower_etcd_last_answer_age_seconds 2.5\n');
  expect(text).toContain('holdfast_follower_route_switches_total 2\n');
  for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) holdfast_follower_\w+ .+|holdfast_follower_\w+({\w+="[^"]*"})? [\d.]+)$/);
});

describe('a sleep', () => {
  test('ends when woken', async () => {
    const wake = makeWake();
    const slept = wake.sleep(60_000);
    wake.now();
    await slept;
  });
  test('does not begin if woken before, once', async () => {
    const wake = makeWake();
    wake.now();
    await wake.sleep(60_000);
    const started = Date.now();
    await wake.sleep(20);
    expect(Date.now() - started).toBeGreaterThanOrEqual(15);
  });
});

describe('a remembering lookup', () => {
  const address: LookupAddress[] = [{ address: '10.0.0.1', family: 4 }];
  let now = 0;
  let answer: 'ok' | 'fail' | 'silent' = 'ok';
  let asked = 0;
  const lookup = rememberingLookup(
    () => now,
    (_, callback) => {
      asked += 1;
      if (answer === 'ok') callback(null, address);
      if (answer === 'fail') callback(new Error('SERVFAIL'), []);
    },
  );
  const resolve = (name: string) => new Promise<unknown>((done, fail) => lookup(name, { all: true }, (error, found) => (error ? fail(error) : done(found))));

  test('asks, and for a while does not ask again', async () => {
    expect(await resolve('etcd-0')).toEqual(address);
    expect(await resolve('etcd-0')).toEqual(address);
    expect(asked).toBe(1);
  });
  test.each(['fail', 'silent'] as const)('when the resolver is in the state "%s" the old answer is used', async (state) => {
    answer = state;
    now += 10_000;
    expect(await resolve('etcd-0')).toEqual(address);
  });
  test('a silent resolver is asked one question per name at a time', async () => {
    const before = asked;
    await Promise.all([resolve('etcd-0'), resolve('etcd-0')]);
    expect(asked).toBe(before);
  });
  test('a name that was never found is an error', async () => {
    answer = 'fail';
    await expect(resolve('etcd-9')).rejects.toThrow('SERVFAIL');
  });
});
