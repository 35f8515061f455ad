import fastify, { type FastifyInstance } from 'fastify';
import { guarded } from '../../../examples/backend/cache/guard';
import { receiptRoutes } from '../../../examples/backend/http/receipts';
import { createServer } from '../../../examples/backend/http/server';
import { configFrom } from '../../../examples/backend/config';
import { Faults } from '../../../examples/backend/faults';
import { type Limits, NO_SWITCHES } from '../../../examples/backend/limits/files';
import { RateLimiter } from '../../../examples/backend/limits/limiter';
import { createMetrics } from '../../../examples/backend/metrics';
import { Desk } from '../../../examples/backend/receipts/desk';
import { didOf, publicKeyOf } from '../../../examples/backend/users/did';
import { type GateParts, guardRequests, subjectOf } from '../../../examples/backend/users/gate';
import { Suspects } from '../../../examples/backend/users/suspects';
import { newUser, receiptBy, signedHeaders } from './client';
import { FakeLedger, FakeNonces } from './fakes';

const PER_ADDRESS = 3;
const wide = { requestsPerSecond: 1000, burst: 1000, retryAfterSeconds: 1 };
const WIDE = { user: wide, endpoint: wide, endpoints: [] };
const LIMITS: Limits = {
  ...WIDE,
  emergency: WIDE,
  limiterDown: 'local',
  warmUpSeconds: 0,
  invalidSignatures: { perAddress: PER_ADDRESS, windowSeconds: 60, blockForSeconds: 600 },
  maxBody: 2000,
};

const service = () => {
  const metrics = createMetrics();
  const state = { now: Date.now(), switches: NO_SWITCHES };
  const clock = { now: () => state.now };
  const app = createServer({ config: configFrom({ LOG_LEVEL: 'silent' }), metrics, faults: new Faults(null) });
  const limiter = new RateLimiter({
    cache: null,
    guard: guarded(100, () => undefined),
    limits: () => LIMITS,
    switches: () => state.switches,
    warmUp: () => 1,
    replicas: () => 1,
    metrics,
    isCompared: () => false,
  });
  const gate: GateParts = { clock, metrics, suspects: new Suspects(null, () => LIMITS), limiter, switches: () => state.switches, isOperational: () => false };
  guardRequests(app, gate, () => LIMITS.maxBody);
  const desk = new Desk({
    clock,
    nonces: new FakeNonces(),
    ledger: new FakeLedger(),
    switches: gate.switches,
    metrics,
    lifetimeMs: 60_000,
    onProblem: () => undefined,
  });
  receiptRoutes(app, desk, gate);
  app.post('/who', (request) => ({ subject: subjectOf(request) }));
  const verified = async (): Promise<number> => (await metrics.signaturesVerified.get()).values.reduce((sum, { value }) => sum + value, 0);
  return { app, metrics, state, verified };
};

const BODY = '{"a":1}';
const who = (app: FastifyInstance, headers: Record<string, string>, body = BODY, from = '10.0.0.1') =>
  app.inject({ method: 'POST', url: '/who', headers: { 'content-type': 'application/json', 'x-forwarded-for': from, ...headers }, payload: body });

describe('the name of a user', () => {
  test('is the public key', () => {
    const { did } = newUser();
    expect(publicKeyOf(did)?.asymmetricKeyType).toBe('ed25519');
  });

  test.each([['did:web:example.com'], ['did:key:z6Mk'], [didOf(new Uint8Array(31))], ['']])('%s is none', (did) => expect(publicKeyOf(did)).toBeNull());

  test('is that of the specification', () =>
    expect(publicKeyOf('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')?.export({ format: 'jwk' })).toMatchObject({ crv: 'Ed25519' }));
});

describe('a signed request', () => {
  const user = newUser();

  test('counts for the user, an unsigned one for its address', async () => {
    const { app } = service();
    expect((await who(app, signedHeaders(user, 'POST', '/who', BODY))).json()).toEqual({ subject: user.did });
    expect((await who(app, {})).json()).toEqual({ subject: '10.0.0.1' });
  });

  test.each<[string, () => Record<string, string>, string, number, string]>([
    ['another body', () => signedHeaders(user, 'POST', '/who', '{}'), BODY, 401, 'invalid_signature'],
    ['another path', () => signedHeaders(user, 'POST', '/other', BODY), BODY, 401, 'invalid_signature'],
    ['another user', () => ({ ...signedHeaders(user, 'POST', '/who', BODY), 'x-user': newUser().did }), BODY, 401, 'invalid_signature'],
    ['another time', () => signedHeaders(user, 'POST', '/who', BODY, Date.now() - 61_000), BODY, 401, 'stale_signature'],
    ['no signature', () => ({ 'x-user': user.did }), BODY, 400, 'malformed_request'],
  ])('with %s is refused', async (_name, headers, body, status, error) => {
    const answer = await who(service().app, headers(), body);
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([status, error]);
  });

  test('of a user who was blocked until a while ago is served', async () => {
    const { app, state } = service();
    state.switches = { ...NO_SWITCHES, blockedUsers: [{ user: user.did, until: new Date(state.now - 1000).toISOString() }] };
    expect((await who(app, signedHeaders(user, 'POST', '/who', BODY))).statusCode).toBe(200);
  });

  test('that is forged tells the gateway so', async () =>
    expect((await who(service().app, signedHeaders(user, 'POST', '/who', '{}'))).headers['x-invalid-signature']).toBe('1'));

  test('of a blocked user is refused before it is verified', async () => {
    const { app, state, verified } = service();
    state.switches = { ...NO_SWITCHES, blockedUsers: [{ user: user.did, until: null }] };
    expect((await who(app, signedHeaders(user, 'POST', '/who', BODY))).json()).toMatchObject({ error: 'user_blocked' });
    expect(await verified()).toBe(0);
  });
});

describe('a flood of invalid signatures', () => {
  const submit = (app: FastifyInstance, payload: object, from = '10.0.0.1') =>
    app.inject({ method: 'POST', url: '/receipts', headers: { 'x-forwarded-for': from }, payload });
  const forged = (did = newUser().did) => ({ ...receiptBy(newUser(), 'n'.repeat(43)), submitter: did });

  test('is verified a few times, and then refused before anything is', async () => {
    const { app, verified } = service();
    const statuses: number[] = [];
    for (let times = 0; times < 50; times += 1) statuses.push((await submit(app, forged())).statusCode);
    expect(statuses.slice(0, PER_ADDRESS + 1)).toEqual(Array.from({ length: PER_ADDRESS + 1 }, () => 401));
    expect(new Set(statuses.slice(PER_ADDRESS + 1))).toEqual(new Set([403]));
    expect(await verified()).toBe(PER_ADDRESS + 1);
  });

  test('from one address costs another nothing', async () => {
    const { app } = service();
    for (let times = 0; times < 10; times += 1) await submit(app, forged());
    const nonce = (await app.inject({ method: 'POST', url: '/challenges', headers: { 'x-forwarded-for': '10.0.0.2' }, payload: {} })).json<{ nonce: string }>()
      .nonce;
    expect((await submit(app, receiptBy(newUser(), nonce), '10.0.0.2')).statusCode).toBe(201);
  });

  test('in the name of a user, from many addresses, is refused there, and does not shut the user out elsewhere', async () => {
    const { app, verified } = service();
    const victim = newUser();
    for (let address = 1; address <= PER_ADDRESS + 1; address += 1) await submit(app, forged(victim.did), `10.0.1.${address}`);
    const before = await verified();
    expect((await submit(app, forged(victim.did), '10.0.1.1')).statusCode).toBe(403);
    expect(await verified()).toBe(before);
    const nonce = (await app.inject({ method: 'POST', url: '/challenges', payload: {} })).json<{ nonce: string }>().nonce;
    expect((await submit(app, receiptBy(victim, nonce), '10.0.2.1')).statusCode).toBe(201);
  });

  test('a malformed receipt is refused before anything is verified, and counted by its reason', async () => {
    const { app, metrics, verified } = service();
    const answer = await submit(app, { nonce: 'short', extra: true });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ message: string }>().message).toMatch(/nonce.*submitter.*result.*signature/s);
    expect(await verified()).toBe(0);
    expect((await metrics.receiptsRejected.get()).values.find(({ labels }) => labels.reason === 'malformed_receipt')?.value).toBe(1);
  });

  test('a body over the limit is refused', async () => expect((await submit(service().app, { nonce: 'x'.repeat(3000) })).statusCode).toBe(413));
});

test('only a proxy inside may say for whom it asks', async () => {
  const app = fastify({ trustProxy: ['loopback', 'linklocal', 'uniquelocal'] });
  app.get('/ip', (request) => ({ ip: request.ip }));
  const ip = async (remoteAddress: string): Promise<unknown> =>
    (await app.inject({ method: 'GET', url: '/ip', remoteAddress, headers: { 'x-forwarded-for': '203.0.113.9' } })).json();
  expect(await ip('10.1.2.3')).toEqual({ ip: '203.0.113.9' });
  expect(await ip('198.51.100.7')).toEqual({ ip: '198.51.100.7' });
});
