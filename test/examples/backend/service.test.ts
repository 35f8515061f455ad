import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFrom } from '../../../examples/backend/config';
import { isTransient } from '../../../examples/backend/database/errors';
import { seldom } from '../../../examples/backend/connections';
import { Faults, NO_FAULTS } from '../../../examples/backend/faults';
import { createService } from '../../../examples/backend/service';
import { WatchedFile } from '../../../examples/backend/watched-file';

describe('the environment', () => {
  test('is read with defaults', () =>
    expect(configFrom({})).toMatchObject({ ports: { http: 8080, metrics: 9090 }, database: null, cache: null, faults: null }));

  test('is refused with everything that is wrong at once', () =>
    expect(() => configFrom({ PORT: '0', READY_NEEDS: 'moon', FAULTS_INITIAL: '{' })).toThrow(
      /PORT: given "0".*READY_NEEDS\.0: given "moon".*FAULTS_INITIAL: given "{": not JSON/s,
    ));

  test('has no faults without FAULTS=1', () => expect(configFrom({ FAULTS_INITIAL: '{"errorPercent":50}' }).faults).toBeNull());
});

describe('an error of the database', () => {
  const withCode = (code: string): Error => Object.assign(new Error('x'), { code });
  test.each(['08006', '08P01', '25006', '40001', '53300', '57P01', '57P03', 'ECONNREFUSED', 'ECONNRESET'])('%s goes away by itself', (code) =>
    expect(isTransient(withCode(code))).toBe(true),
  );
  test.each(['23505', '22P02', '42501', '42601', '28P01'])('%s does not', (code) => expect(isTransient(withCode(code))).toBe(false));
  test.each(['Connection terminated unexpectedly', 'Query read timeout', 'timeout exceeded when trying to connect'])('"%s" goes away by itself', (message) =>
    expect(isTransient(new Error(message))).toBe(true),
  );
});

describe('a service without a database', () => {
  const started = (environment: Readonly<Record<string, string>> = {}) => createService(configFrom({ LOG_LEVEL: 'silent', RELEASE: 'r7', ...environment }));

  test('lives, is ready, and names its release in every answer', async () => {
    const { app } = started();
    for (const url of ['/health/live', '/health/ready', '/health', '/nothing']) {
      const answer = await app.inject({ method: 'GET', url });
      expect([url, answer.statusCode, answer.headers['x-release']]).toEqual([url, url === '/nothing' ? 404 : 200, 'r7']);
    }
  });

  test('has no faults to ask for', async () => expect((await started().app.inject({ method: 'POST', url: '/faults', payload: {} })).statusCode).toBe(404));

  test('started with FAULTS=1 fails as often as it is asked to, stays healthy meanwhile, and heals', async () => {
    const { app } = started({ FAULTS: '1', FAULTS_INITIAL: '{"errorPercent":100}' });
    expect((await app.inject({ method: 'GET', url: '/nothing' })).statusCode).toBe(500);
    expect((await app.inject({ method: 'GET', url: '/health/ready' })).statusCode).toBe(200);
    expect((await app.inject({ method: 'POST', url: '/faults', payload: { unready: true } })).json()).toEqual({ ...NO_FAULTS, unready: true });
    expect((await app.inject({ method: 'GET', url: '/health/ready' })).statusCode).toBe(503);
    await app.inject({ method: 'DELETE', url: '/faults' });
    expect((await app.inject({ method: 'GET', url: '/health/ready' })).statusCode).toBe(200);
  });

  test('refuses a fault that there is not', async () => {
    const answer = await started({ FAULTS: '1' }).app.inject({ method: 'POST', url: '/faults', payload: { explode: true } });
    expect([answer.statusCode, answer.json<{ message: string }>().message]).toEqual([400, expect.stringContaining('explode')]);
  });
});

test('a leak fills memory at its rate', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const faults = new Faults({ ...NO_FAULTS, leak: 50 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  faults.heal();
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(4 * 1024 * 1024);
});

test('the same problem is written once in a while', () => {
  const state = { now: 0 };
  const warn = jest.fn();
  const problem = seldom({ warn }, () => state.now);
  for (let times = 0; times < 100; times += 1) problem(new Error('away'), 'the cache');
  problem(new Error('away'), 'the database');
  state.now = 6000;
  problem(new Error('away'), 'the cache');
  expect(warn).toHaveBeenCalledTimes(3);
});

describe('a file that is changed', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'holdfast-watched-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('is taken as it is, absent as absent; and what is not valid is told and not taken', async () => {
    const path = join(directory, 'file.json');
    const problems: unknown[] = [];
    const file = new WatchedFile<number>(
      path,
      (text) => JSON.parse(text) as number,
      0,
      (error) => problems.push(error),
    );
    await file.look();
    expect(file.current).toBe(0);
    for (const [text, expected] of [
      ['1', 1],
      ['{', 1],
      ['2', 2],
    ] as const) {
      writeFileSync(path, text);
      await file.look();
      expect(file.current).toBe(expected);
    }
    expect(problems).toHaveLength(1);
    rmSync(path);
    await file.look();
    expect(file.current).toBe(0);
  });
});
