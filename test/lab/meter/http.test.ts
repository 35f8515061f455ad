import { spawn } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bs58 from 'bs58';
import { buildSync } from 'esbuild';
import type { HttpMeterConfiguration } from '../../../lab/meter/http-configuration';
import { createAuthority, issueCertificate, type KeyPair } from '../../../lab/pki';
import type { HttpAttempt } from '../../../lib/drill/workloads/history';
import { requestsOf, workDone } from '../../../lib/drill/workloads/measure';
import { parseAttempts } from '../../../lib/drill/workloads/parse';

const HOST = 'shop.example.test';
const directory = mkdtempSync(join(tmpdir(), 'holdfast-http-'));
const bundle = join(directory, 'meter.js');
let authority: KeyPair;
let server: Server;
/** What the server does with a request; a test puts its own here. */
let answer: (request: IncomingMessage, body: string, response: ServerResponse) => void;
const connections = { made: 0 };

const body = (request: IncomingMessage): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => resolve(text));
  });

/** Orders by their key, sessions and events: as the reference backend answers. */
const backend = (): typeof answer => {
  const orders = new Map<string, string>();
  return ({ method, url = '', headers }, _, response) => {
    const say = (status: number, value: object): void => void response.writeHead(status, { 'x-release': '7', 'x-pod': 'backend-1' }).end(JSON.stringify(value));
    if (method === 'POST' && url === '/orders') {
      const key = String(headers['idempotency-key']);
      const id = orders.get(key) ?? `o${orders.size + 1}`;
      const status = orders.has(key) ? 200 : 201;
      orders.set(key, id);
      say(status, { id });
    } else if (url.startsWith('/orders/')) say(200, { id: url.slice('/orders/'.length) });
    else say(url === '/sessions' ? 201 : url === '/events' ? 202 : 200, { id: 's1' });
  };
};

beforeAll(async () => {
  buildSync({ entryPoints: [join(__dirname, '../../../lab/meter/http.ts')], outfile: bundle, bundle: true, platform: 'node', format: 'cjs' });
  authority = await createAuthority('gateway');
  const pair = await issueCertificate(authority, { commonName: HOST, usages: ['serverAuth'], alternativeNames: [`DNS:${HOST}`] });
  server = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
    body(request).then(
      (text) => answer(request, text, response),
      () => response.destroy(),
    );
  });
  server.on('secureConnection', () => (connections.made += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => (answer = backend()));

const configuration = (over: Partial<HttpMeterConfiguration>): HttpMeterConfiguration => ({
  client: 'zone-a',
  gateways: ['127.0.0.1'],
  port: (server.address() as AddressInfo).port,
  host: HOST,
  ca: authority.certificate,
  base: '',
  prefix: 'run',
  users: 10,
  sameAgainSeconds: 0.2,
  every: { read: 0.05, fresh: 0.1, order: 0.05, session: 0.1, event: 0.05 },
  // A machine that is busy is no fault of the meter.
  connectSeconds: 20,
  answerSeconds: 20,
  patienceSeconds: 20,
  ...over,
});

/** Runs the meter as the lab does, a process of its own, until it has made so many attempts. */
const measure = async (over: Partial<HttpMeterConfiguration> = {}, enough = 60): Promise<readonly HttpAttempt[]> => {
  const child = spawn(process.execPath, [bundle, JSON.stringify(configuration(over))], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines: string[] = [];
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    lines = text.split('\n').filter((line) => line !== '');
    if (lines.length >= enough) child.kill('SIGTERM');
  });
  expect(await new Promise<number | null>((resolve) => child.on('close', resolve))).toBe(0);
  return parseAttempts([lines]);
};

describe('the HTTP meter', () => {
  it('is served in everything that it does, at the rate it was given', async () => {
    const before = connections.made;
    const attempts = await measure();
    expect(attempts.filter((a) => a.outcome !== 'ok')).toEqual([]);
    const count = (stream: string): number => attempts.filter((a) => a.stream === stream).length;
    const starts = attempts.filter((a) => a.stream === 'order').map((a) => a.start);
    expect(starts.length).toBeGreaterThan(10);
    // Twenty a second, whatever the machine does meanwhile.
    expect(starts.length).toBeLessThanOrEqual(((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 0.05 + 2);
    expect(new Set(attempts.map((a) => a.stream)).size).toBe(5);
    expect(new Set(attempts.map((a) => a.release))).toEqual(new Set(['7']));
    // Four connections are kept; each fresh look has its own.
    expect(connections.made - before).toBe(4 + count('fresh'));
  });

  it('repeats the key when it tries again, and so does the work once', async () => {
    const [first, seen] = [new Set<string>(), new Map<string, number>()];
    const good = backend();
    answer = (request, text, response) => {
      const key = request.headers['idempotency-key'];
      if (typeof key === 'string') seen.set(key, 1);
      if (typeof key !== 'string' || first.has(key)) return good(request, text, response);
      first.add(key);
      return void response.destroy();
    };
    const attempts = await measure();
    const orders = requestsOf(attempts).filter((r) => r.stream === 'order');
    expect(orders.length).toBeGreaterThan(3);
    expect(orders.every((r) => r.served && r.attempts[0]?.outcome === 'error' && r.attempts.length > 1)).toBe(true);
    expect(workDone(attempts, 'order', seen)).toMatchObject({ missing: [], duplicated: [] });
  });

  it('gives a request up when its patience is over, and says what it was told', async () => {
    answer = (_, __, response) => void response.writeHead(503).end();
    const attempts = await measure({ patienceSeconds: 0.6 }, 80);
    const orders = requestsOf(attempts).filter((r) => r.stream === 'order');
    expect(orders.length).toBeGreaterThan(0);
    expect(orders.every((r) => !r.served)).toBe(true);
    expect(orders.some((r) => r.attempts.length > 1)).toBe(true);
    expect(attempts.every((a) => a.outcome === 'refused' && a.status === 503)).toBe(true);
  });

  it('does not repeat what it did wrong itself', async () => {
    answer = (_, __, response) => void response.writeHead(404).end();
    expect((await measure()).every((a) => a.final && a.attempt === 1 && a.status === 404)).toBe(true);
  });

  it('comes again when it was asked to, and not before', async () => {
    answer = (_, __, response) => void response.writeHead(429, { 'retry-after': '1' }).end();
    const orders = requestsOf(await measure({ patienceSeconds: 4 }, 20)).filter((r) => r.attempts.length > 1);
    expect(orders.length).toBeGreaterThan(0);
    expect(orders.every(({ attempts: [first, second] }) => (second?.start ?? 0) - (first?.t ?? 0) >= 0.99)).toBe(true);
  });

  it('signs what it asks for, as the user whose order it is', async () => {
    const [good, owners] = [backend(), new Map<string, string>()];
    const wrong: string[] = [];
    answer = (request, text, response) => {
      const { 'x-user': did, 'x-timestamp': time, 'x-signature': signature, 'idempotency-key': key } = request.headers as Record<string, string>;
      const raw = Buffer.from(bs58.decode(String(did).slice('did:key:z'.length))).subarray(2);
      const key25519 = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
      const signed = `${request.method}\n${request.url}\n${time}\n${createHash('sha256').update(text).digest('hex')}`;
      if (!verify(null, Buffer.from(signed), key25519, Buffer.from(String(signature), 'base64url'))) wrong.push(`${request.method} ${request.url}`);
      if (request.url === '/orders') owners.set(`o${owners.size + 1}`, String(did));
      const order = /^\/orders\/(.*)/.exec(request.url ?? '')?.[1];
      if (order !== undefined && owners.get(order) !== did) wrong.push(`${order} of somebody else`);
      good(request, text, response);
      expect(key === undefined || key.startsWith('run-zone-a-')).toBe(true);
    };
    await measure();
    expect(owners.size).toBeGreaterThan(5);
    expect(wrong).toEqual([]);
  });

  it('notices another order than it asked for', async () => {
    const good = backend();
    answer = (request, text, response) =>
      request.url?.startsWith('/orders/') === true ? void response.writeHead(200).end('{"id":"x"}') : good(request, text, response);
    const looks = (await measure()).filter((a) => a.stream === 'read');
    expect(looks.length).toBeGreaterThan(2);
    expect(looks.every((a) => a.outcome === 'refused' && a.error === 'another order than asked for')).toBe(true);
  });

  it('believes no server whose certificate somebody else signed, or that has another name', async () => {
    const other = await createAuthority('other');
    for (const wrong of [{ ca: other.certificate }, { host: 'other.example.test' }]) {
      const attempts = await measure({ ...wrong, patienceSeconds: 0.2 }, 5);
      expect(attempts.length).toBeGreaterThan(0);
      expect(attempts.every((a) => a.outcome === 'error')).toBe(true);
    }
  });

  it('asks the next gateway when the nearest is not reached, and leaves that alone for a while', async () => {
    const attempts = await measure({ gateways: ['127.0.0.2', '127.0.0.1'] });
    const [away, served] = [attempts.filter((a) => a.gateway === '127.0.0.2'), attempts.filter((a) => a.outcome === 'ok')];
    expect(away.length).toBeGreaterThan(0);
    expect(away.length).toBeLessThanOrEqual(5);
    expect(served.length).toBeGreaterThan(20);
    expect(requestsOf(attempts).every((r) => r.served)).toBe(true);
  });

  it('waits no longer for an answer than it was told', async () => {
    answer = () => undefined;
    const attempts = await measure({ answerSeconds: 0.2, patienceSeconds: 0.3 }, 6);
    expect(attempts.length).toBeGreaterThan(0);
    expect(attempts.every((a) => a.error === 'no answer within 0.2 s' && a.t - a.start < 5)).toBe(true);
  });
});
