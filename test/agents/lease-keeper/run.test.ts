import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootSeconds } from '../../../agents/lease-keeper/boot-clock';
import { parseConfig } from '../../../agents/lease-keeper/config';
import { keepLease } from '../../../agents/lease-keeper/run';
import type { FollowerConfig, RegionsConfig } from '../../../lib/services/follower';
import type { LeaseKeeperConfig } from '../../../lib/services/lease-keeper';
import { freePort } from '../../support/free-port';
import { writeCertificates } from '../follower/fakes/certificates';
import { FakeEtcd } from '../follower/fakes/etcd';
import { until } from '../follower/fakes/world';
import { FakeDynamoDb } from './fake-dynamodb';

const CONFIG_KEY = '/service/test/config';
const standbyCluster = { host: 'x', port: 1, primary_slot_name: 's', create_replica_methods: ['basebackup'] };
const PRIMARY = JSON.stringify({ holdfast: { epoch: 4, primary: 'eu' } });
const FOLLOWS = JSON.stringify({ holdfast: { epoch: 4, primary: 'us' }, standby_cluster: standbyCluster });

let directory: string;
let etcd: FakeEtcd;
let dynamo: FakeDynamoDb;
let door: Server;
let doorSays: string;
let askedAtDoor: string[];
let config: LeaseKeeperConfig;
let start: () => void;
let stop: AbortController;
let running: Promise<void>;

const at = (name: string): string => join(directory, name);
const left = (): number => (existsSync(config.file) ? Number(readFileSync(config.file, 'utf8').slice(0, 20)) / 1e9 - bootSeconds() : -Infinity);
const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${config.listen.port}/metrics`)).text();

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lease-keeper-'));
  writeCertificates(directory);
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  const tls = { cert: read('server.crt'), key: read('server.key') };
  etcd = new FakeEtcd('/service/test/leader');
  const endpoints = await etcd.start(1, { cert: Buffer.from(tls.cert), key: Buffer.from(tls.key), ca: Buffer.from(read('ca.crt')) });
  dynamo = new FakeDynamoDb();
  const endpoint = await dynamo.start(tls);
  doorSays = '{"vouches":true,"because":"I follow"}';
  askedAtDoor = [];
  const statusPort = await freePort();
  door = createServer({ ...tls, ca: read('ca.crt'), requestCert: true, rejectUnauthorized: true }, (request, response) => {
    askedAtDoor.push(request.url ?? '');
    response.end(doorSays);
  });
  await new Promise<void>((done) => door.listen(statusPort, '127.0.0.1', done));
  const regions = {
    self: 'eu',
    peers: [{ name: 'us', gateways: [], status: ['127.0.0.1'], standbyCluster }],
    configKey: CONFIG_KEY,
    statusPort,
  } as unknown as RegionsConfig;
  const follower = {
    etcd: { endpoints, ca: at('ca.crt'), cert: at('client.crt'), key: at('client.key') },
    leaderKey: '/service/test/leader',
    membersPrefix: '/service/test/members/',
    patroniCa: at('ca.crt'),
    requestTimeoutSeconds: 1,
    regions,
  } as unknown as FollowerConfig;
  const lease = { table: 't', replicas: ['eu-west-1', 'eu-west-2'], duration: 3, renewEvery: 0.3, requestTimeout: 0.6 };
  const store = { kind: 'emulated', endpoint, ca: at('ca.crt') } as const;
  config = { environment: 'test', lease, store, file: at('lease'), listen: { host: '127.0.0.1', port: await freePort() } };
  stop = new AbortController();
  start = () => void (running = keepLease({ follower, regions, keeper: parseConfig(JSON.stringify(config), 'test'), log: () => undefined, stop: stop.signal }));
});
afterEach(async () => {
  stop.abort();
  await running;
  etcd.stop();
  dynamo.stop();
  door.close();
  door.closeAllConnections();
  rmSync(directory, { recursive: true });
});

test('a primary region has a deadline, which goes on moving; one that follows lets it pass', async () => {
  etcd.put(CONFIG_KEY, PRIMARY);
  start();
  await until('the first deadline', () => left() > 0, 15_000);
  const first = left() + bootSeconds();
  await until('a later one', () => left() + bootSeconds() > first + 0.2, 15_000);
  expect(left()).toBeLessThanOrEqual(3);
  expect(await metrics()).toMatch(/holdfast_lease_primary 1\n[\s\S]*holdfast_lease_seconds_left [0-2]\./);
  etcd.put(CONFIG_KEY, FOLLOWS);
  await until('it has passed', () => left() < 0, 15_000);
}, 60_000);

test('a region that is promoted has a deadline at once', async () => {
  etcd.put(CONFIG_KEY, FOLLOWS);
  start();
  await until('it knows what it is', () => etcd.reads > 0, 15_000);
  expect(existsSync(config.file)).toBe(false);
  etcd.put(CONFIG_KEY, PRIMARY);
  await until('the first deadline', () => left() > 0, 15_000);
}, 60_000);

test('a store that falls silent is bridged by the other region’s word, and by no other answer', async () => {
  etcd.put(CONFIG_KEY, PRIMARY);
  start();
  await until('the first deadline', () => left() > 0, 15_000);
  ['eu-west-1', 'eu-west-2'].forEach((region) => dynamo.silent.add(region));
  await until('the other region was asked', () => askedAtDoor.length > 3, 15_000);
  expect(askedAtDoor[0]).toBe('/vouch?for=eu&epoch=4');
  expect(left()).toBeGreaterThan(0);
  doorSays = '{"vouches":false,"because":"promised"}';
  await until('it has passed', () => left() < 0, 15_000);
  expect(await metrics()).toMatch(/failsafe_extensions_total [1-9]/);
}, 60_000);

test('a configuration that can’t be used is refused with every problem', () => {
  const bad = { ...config, lease: { ...config.lease, replicas: [], duration: -1 }, store: { kind: 'elsewhere' } };
  expect(() => parseConfig(JSON.stringify(bad), 'file')).toThrow(/lease\.replicas[\s\S]*lease\.duration[\s\S]*store\.kind/);
  running = Promise.resolve();
});
