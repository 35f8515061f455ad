import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reading } from '../../../agents/follower/decide';
import { exchange, type HttpAnswer } from '../../../agents/follower/http';
import { RegionDoor } from '../../../agents/follower/region-door';
import { serveRegion } from '../../../agents/follower/region-server';
import { newState } from '../../../agents/follower/state';
import { followPatch, merged, roleOf } from '../../../lib/failover/region-role';
import type { DoorConfig, RegionsConfig } from '../../../lib/services/follower';
import { createAuthority, issueCertificate, type KeyPair } from '../../../lab/pki';
import { freePort } from '../../support/free-port';

const CONFIG_KEY = '/service/test/config';
const standbyCluster = { host: '10.0.0.1', port: 5433, primary_slot_name: 'standby', create_replica_methods: ['basebackup'] };
const FOLLOWING = merged({ ttl: 20 }, followPatch({ epoch: 4, primary: 'eu', standbyCluster }));
const PROMISE = { epoch: 5, execution: 'test-4' };

/** One key of etcd, with its compare-and-swap. */
class OneKey {
  config: Readonly<Record<string, unknown>> = FOLLOWING;
  revision = 7;
  isSilent = false;
  leader: Reading['leader'];
  /** Somebody else's change, made between a read and the write that follows it. */
  between: (() => void) | undefined;

  read(): Promise<Reading> {
    if (this.isSilent) return Promise.reject(new Error('no answer'));
    const role = { ...roleOf(this.config), modRevision: this.revision, config: this.config };
    const reading = {
      at: performance.now(),
      linearizable: true,
      clusterId: '1',
      leader: this.leader,
      syncStandby: undefined,
      handover: undefined,
      role,
      members: [],
    };
    this.between?.();
    this.between = undefined;
    return Promise.resolve(reading);
  }

  replace(_key: string, value: string, modRevision: number): Promise<boolean> {
    if (modRevision !== this.revision) return Promise.resolve(false);
    this.config = JSON.parse(value) as Readonly<Record<string, unknown>>;
    this.revision += 1;
    return Promise.resolve(true);
  }
}

let directory: string;
let authority: KeyPair;
let certificates: Record<'failover' | 'pooler' | 'foreign', KeyPair>;
let server: Server;
let etcd: OneKey;
let port: number;
const said: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'door-'));
  authority = await createAuthority('ours');
  const serverPair = await issueCertificate(authority, { commonName: 'pgbouncer', usages: ['serverAuth'] });
  writeFileSync(join(directory, 'ca.crt'), authority.certificate);
  writeFileSync(join(directory, 'tls.crt'), serverPair.certificate);
  writeFileSync(join(directory, 'tls.key'), serverPair.key);
  certificates = {
    failover: await issueCertificate(authority, { commonName: 'holdfast-failover', usages: ['clientAuth'] }),
    pooler: await issueCertificate(authority, { commonName: 'holdfast', usages: ['clientAuth'] }),
    foreign: await issueCertificate(await createAuthority('theirs'), { commonName: 'holdfast-failover', usages: ['clientAuth'] }),
  };
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true }));

beforeEach(async () => {
  etcd = new OneKey();
  port = await freePort();
  said.length = 0;
  const door: DoorConfig = { orderedBy: 'holdfast-failover', expectedMembers: 3, primaryStartTimeoutSeconds: 0 };
  const at = (name: string): string => join(directory, name);
  const regions: RegionsConfig = {
    self: 'us',
    peers: [{ name: 'eu', gateways: ['10.0.0.1'], status: ['10.0.0.2'], standbyCluster }],
    configKey: CONFIG_KEY,
    certificate: { ca: at('ca.crt'), cert: at('tls.crt'), key: at('tls.key') },
    statusPort: port,
    leaderPort: 1,
    localDatabase: 'app_local',
    localPoolSize: 1,
    stalenessBoundSeconds: 5,
    door,
  };
  const now = (): number => performance.now();
  const log = (what: string, why: string): void => void said.push(`${what}: ${why}`);
  const state = newState(undefined, now());
  state.reading = await etcd.read();
  const ports = {
    regions,
    door,
    etcd,
    patroniAgent: () => new Agent(),
    wakingAgent: () => agentOf('pooler'),
    memberTimeoutMs: 500,
    now,
    wallClock: Date.now,
    log,
  };
  server = await serveRegion({ regions, state, now, log, door: new RegionDoor(ports) });
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const agents = new Map<string, Agent>();
const agentOf = (who: keyof typeof certificates | 'nobody'): Agent => {
  const pair = who === 'nobody' ? undefined : certificates[who];
  const agent =
    agents.get(who) ?? new Agent({ ca: authority.certificate, ...(pair && { cert: pair.certificate, key: pair.key }), checkServerIdentity: () => undefined });
  agents.set(who, agent);
  return agent;
};
const url = (path: string): string => `https://127.0.0.1:${port}${path}`;
const get = (path: string, who: keyof typeof certificates | 'nobody' = 'pooler'): Promise<HttpAnswer> =>
  exchange({ method: 'GET', url: url(path), agent: agentOf(who), timeoutMs: 2_000 });
const post = (path: string, body: unknown, who: keyof typeof certificates | 'nobody' = 'failover'): Promise<HttpAnswer> =>
  exchange({ method: 'POST', url: url(path), body: JSON.stringify(body), agent: agentOf(who), timeoutMs: 2_000 });

describe('who may ask', () => {
  test('anybody with a certificate of our authority may look in, nobody else may', async () => {
    expect((await get('/region')).status).toBe(200);
    expect((await get('/region', 'nobody')).status).toBe(401);
    expect((await get('/vouch?for=eu&epoch=4', 'foreign')).status).toBe(401);
  });
  test.each(['nobody', 'foreign', 'pooler'] as const)('an order without the failover’s certificate is refused, and nothing is written: %s', async (who) => {
    expect((await post('/promise', PROMISE, who)).status).toBe(who === 'pooler' ? 403 : 401);
    expect(etcd.config).toBe(FOLLOWING);
  });
  test('a second connection, whose TLS session is resumed, is known by its certificate too', async () => {
    for (let i = 0; i < 3; i += 1) expect((await post('/promise', PROMISE)).status).toBe(200);
    for (let i = 0; i < 3; i += 1) expect((await post('/promise', PROMISE, 'pooler')).status).toBe(403);
  });
});

describe('vouching', () => {
  test('ends with the promise, at once, although what the follower read before says otherwise', async () => {
    expect(JSON.parse((await get('/vouch?for=eu&epoch=4')).body)).toMatchObject({ vouches: true });
    expect((await post('/promise', PROMISE)).status).toBe(200);
    expect(JSON.parse((await get('/vouch?for=eu&epoch=4')).body)).toMatchObject({ vouches: false, because: 'us has promised epoch 5 to test-4' });
    expect((await post('/withdraw', PROMISE)).status).toBe(200);
    expect(JSON.parse((await get('/vouch?for=eu&epoch=4')).body)).toMatchObject({ vouches: true });
  });
  test('needs an answer of etcd', async () => {
    etcd.isSilent = true;
    expect(await get('/vouch?for=eu&epoch=4')).toMatchObject({ status: 503, body: '{"error":"no answer"}' });
  });
  test.each(['', '?for=eu', '?for=eu&epoch=x', '?for=eu%20x&epoch=1'])('a question that is none is said to be so: %p', async (query) => {
    const { status, body } = await get(`/vouch${query}`);
    expect({ status, isExplained: body.includes('allowed: ') }).toEqual({ status: 400, isExplained: true });
  });
});

describe('orders', () => {
  test('promise, then promote: one change each, and the same again changes nothing', async () => {
    expect((await post('/promote', PROMISE)).status).toBe(409);
    await post('/promise', PROMISE);
    const promoted = await post('/promote', PROMISE);
    expect(JSON.parse(promoted.body)).toMatchObject({ kind: 'done', role: { follows: false, epoch: 5, primary: 'us' } });
    const { revision } = etcd;
    expect((await post('/promote', PROMISE)).status).toBe(200);
    expect(etcd.revision).toBe(revision);
    expect(JSON.parse((await get('/vouch?for=eu&epoch=5')).body)).toMatchObject({ vouches: false });
  });
  test('an old epoch is refused, with what etcd says', async () => {
    const { status, body } = await post('/promise', { epoch: 4, execution: 'late' });
    expect({ status, answer: JSON.parse(body) as unknown }).toMatchObject({ status: 409, answer: { kind: 'refused', role: { epoch: 4, primary: 'eu' } } });
    expect(said.join('\n')).toContain('allowed: an epoch above 4, which us has');
  });
  test('somebody else’s change in between is not lost, and does not stop the order', async () => {
    etcd.between = () => {
      etcd.config = { ...etcd.config, pause: true };
      etcd.revision += 1;
    };
    expect((await post('/promise', PROMISE)).status).toBe(200);
    expect(etcd.config).toMatchObject({ pause: true, holdfast: { promised: PROMISE } });
  });
  test('another failover’s change in between is seen', async () => {
    etcd.between = () => {
      etcd.config = merged(etcd.config, { holdfast: { promised: { epoch: 6, execution: 'newer', at: 0 } } });
      etcd.revision += 1;
    };
    expect((await post('/promise', PROMISE)).status).toBe(409);
  });
  test.each([
    ['/promise', { epoch: '5', execution: 'x' }],
    ['/promise', { epoch: 5 }],
    ['/promise', { ...PROMISE, more: 1 }],
    ['/demote', PROMISE],
    ['/drain', { on: 'yes', epoch: 4 }],
    ['/prepare', { wish: 'x\ny' }],
    ['/promise', { epoch: 5, execution: 'x'.repeat(5_000) }],
  ])('a body that is no order is refused, and nothing is written: POST %s %j', async (path, body) => {
    expect((await post(path, body)).status).toBe(400);
    expect(etcd.config).toBe(FOLLOWING);
  });
  test('what etcd did not answer is not known to be done', async () => {
    etcd.isSilent = true;
    expect((await post('/promise', PROMISE)).status).toBe(503);
  });
});

test('the leader is told at once, and an order stands when it does not listen', async () => {
  const woken: string[] = [];
  const at = (name: string): Buffer => readFileSync(join(directory, name));
  const patroni = createServer(
    { cert: at('tls.crt'), key: at('tls.key'), ca: at('ca.crt'), requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      void text(request).then((body) => {
        woken.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
        response.end('{}');
      });
    },
  );
  const leaderPort = await freePort();
  await new Promise<void>((done) => patroni.listen(leaderPort, '127.0.0.1', done));
  etcd.leader = { member: 'pg-0', modRevision: 1, address: undefined, primaryUrl: `https://127.0.0.1:${leaderPort}/primary` };
  await post('/promise', PROMISE);
  await post('/promote', PROMISE);
  expect(woken.at(-1)).toBe('PATCH /config {"holdfast":{"epoch":5}}');
  patroni.close();
  patroni.closeAllConnections();
  expect((await post('/promote', PROMISE)).status).toBe(200);
  expect(said.join()).toContain('leader not woken');
});
test('the region says what it has promised, and when it last vouched', async () => {
  expect(JSON.parse((await get('/region')).body)).toMatchObject({ region: 'us', follows: true, promised: null, streaming: null, vouchedAt: null });
  await get('/vouch?for=eu&epoch=4');
  const { vouchedAt } = JSON.parse((await get('/region')).body) as { vouchedAt: number };
  expect(Math.abs(Date.now() - vouchedAt)).toBeLessThan(5_000);
});
test('the members that answer are told, and how many there should be', async () => {
  expect(JSON.parse((await get('/members')).body)).toMatchObject({ name: 'us', members: [], expectedMembers: 3, role: { follows: true, epoch: 4 } });
});
