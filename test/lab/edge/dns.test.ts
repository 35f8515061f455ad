import { decode, encode } from 'dns-packet';
import { createSocket } from 'node:dgram';
import { replyTo, serveDns, type DnsQuestion, type DnsReply, type DnsServer } from '../../../lab/edge/dns-server';
import { continentOf, locate } from '../../../lab/edge/places';
import { StubResolver } from '../../../lab/edge/stub-resolver';
import { publicZone } from '../../../lab/edge/zone';
import { healthOf, type HealthCheck, type RecordSet } from '../../../lib/failover/routing';

const places = [
  { cidr: '10.50.0.0/16', continent: 'EU' as const },
  { cidr: '10.60.0.0/16', continent: 'NA' as const },
];

test.each([
  ['10.50.101.7', 'EU'],
  ['10.60.1.2', 'NA'],
  ['192.0.2.1', null],
])('%s is in %s', (address, continent) => expect(locate(places, address)).toBe(continent));
test('regions are on continents', () => {
  expect(['eu-central-1', 'us-east-1', 'ap-south-1'].map(continentOf)).toEqual(['EU', 'NA', 'AS']);
  expect(() => continentOf('xx-1')).toThrow(/known beginnings/);
});

const record = (id: string, name: string, rest: Pick<RecordSet, 'routing' | 'target'> & { readonly healthCheck?: string }): RecordSet => ({
  id,
  name,
  type: 'A',
  zoneId: 'Z',
  healthCheck: undefined,
  ...rest,
});
const balancer = (region: string): RecordSet['target'] => ({ kind: 'loadBalancer', id: `${region}/alb`, region, evaluateTargetHealth: true });
const records: readonly RecordSet[] = [
  record('eu', 'db.holdfast.test', { routing: { kind: 'failover', role: 'PRIMARY' }, target: balancer('eu-central-1'), healthCheck: 'sw' }),
  record('us', 'db.holdfast.test', { routing: { kind: 'failover', role: 'SECONDARY' }, target: balancer('us-east-1') }),
  record('app-eu', 'app.holdfast.test', { routing: { kind: 'geolocation', continent: '*' }, target: balancer('eu-central-1') }),
  record('app-us', 'app.holdfast.test', { routing: { kind: 'geolocation', continent: 'NA' }, target: balancer('us-east-1') }),
];
const checks: readonly HealthCheck[] = [
  {
    id: 'sw',
    inverted: true,
    kind: 'probe',
    type: 'HTTPS_STR_MATCH',
    probe: {
      host: 'b.s3.eu-west-1.amazonaws.com',
      port: 443,
      path: '/switch/lab',
      searchString: 'active=us-east-1',
      interval: 10,
      failureThreshold: 1,
      sni: true,
    },
  },
];

describe('the zone', () => {
  let switched = false;
  const ask = publicZone({
    zone: { records, checks },
    zoneName: 'holdfast.test',
    health: () => healthOf(checks, new Map([['sw', switched]])),
    places,
    entrances: { 'eu-central-1': '10.50.6.20', 'us-east-1': '10.60.6.20' },
    ttl: 10,
    awsAddress: '10.70.0.10',
  });
  const question = (name: string, client = '10.50.1.2', type = 'A'): DnsQuestion => ({ name, type, client });

  test("leads the writer's name to the region that the switch names", () => {
    expect(ask(question('db.holdfast.test'))).toEqual({ status: 'answered', addresses: ['10.50.6.20'], ttl: 10 });
    switched = true;
    expect(ask(question('db.holdfast.test')).addresses).toEqual(['10.60.6.20']);
    switched = false;
  });
  test("leads the application's name to the client's continent", () => {
    expect(ask(question('app.holdfast.test', '10.60.2.2')).addresses).toEqual(['10.60.6.20']);
    expect(ask(question('app.holdfast.test', '192.0.2.1')).addresses).toEqual(['10.50.6.20']);
  });
  test("answers AWS's own names, and nobody else's", () => {
    expect(ask(question('bucket.s3.eu-west-3.amazonaws.com')).addresses).toEqual(['10.70.0.10']);
    expect(ask(question('example.com')).status).toBe('not-ours');
    expect(ask(question('nobody.holdfast.test')).status).toBe('no-such-name');
    expect(ask(question('db.holdfast.test', '10.50.1.2', 'TXT'))).toMatchObject({ status: 'no-data', addresses: [] });
  });
});

describe('the name server', () => {
  let server: DnsServer;
  let asked: DnsQuestion[];
  let reply: DnsReply;
  beforeEach(async () => {
    asked = [];
    reply = { status: 'answered', addresses: ['10.50.6.20'], ttl: 2 };
    server = await serveDns({ host: '127.0.0.1', port: 0 }, (question) => {
      asked.push(question);
      return reply;
    });
  });
  afterEach(() => server.close());
  let time = 0;
  const stub = (localAddress?: string): StubResolver =>
    new StubResolver({ server: '127.0.0.1', port: server.port, timeoutMs: 500, now: () => time, ...(localAddress === undefined ? {} : { localAddress }) });

  test('answers a resolver, which keeps the answer for its TTL and no longer', async () => {
    const resolver = stub();
    expect(await resolver.resolve('db.holdfast.test')).toEqual({ address: '10.50.6.20', cached: false });
    reply = { ...reply, addresses: ['10.60.6.20'] };
    time += 1_999;
    expect(await resolver.resolve('db.holdfast.test')).toEqual({ address: '10.50.6.20', cached: true });
    time += 1;
    expect(await resolver.resolve('db.holdfast.test')).toEqual({ address: '10.60.6.20', cached: false });
  });
  test('sees from where it is asked', async () => {
    await stub('127.0.0.9').resolve('db.holdfast.test');
    expect(asked[0]).toEqual({ name: 'db.holdfast.test', type: 'A', client: '127.0.0.9' });
  });
  test("prefers the client's own network when a resolver tells", () => {
    const message = encode({
      type: 'query',
      id: 7,
      questions: [{ type: 'A', name: 'DB.holdfast.test' }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1232,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [{ code: 8, family: 1, sourcePrefixLength: 16, scopePrefixLength: 0, ip: '10.60.0.0' }],
        },
      ],
    });
    replyTo(message, '127.0.0.1', (question) => {
      asked.push(question);
      return reply;
    });
    expect(asked[0]).toEqual({ name: 'db.holdfast.test', type: 'A', client: '10.60.0.0' });
  });
  test.each([
    ['no-such-name', 'code 3'],
    ['not-ours', 'code 5'],
    ['no-data', 'no address'],
  ] as const)('says %s, and the resolver tells and keeps nothing', async (status, told) => {
    const resolver = stub();
    reply = { status, addresses: [], ttl: 0 };
    await expect(resolver.resolve('x.holdfast.test')).rejects.toThrow(told);
    reply = { status: 'answered', addresses: ['10.50.6.20'], ttl: 2 };
    expect((await resolver.resolve('x.holdfast.test')).cached).toBe(false);
  });
  test('sends over TCP what is too long for UDP', async () => {
    reply = { ...reply, addresses: Array.from({ length: 200 }, (_, n) => `10.0.0.${n}`) };
    const resolver = stub();
    const all = new Set<string>();
    for (let n = 0; n < 200; n += 1) all.add((await resolver.resolve('many.holdfast.test')).address);
    expect(all.size).toBe(200);
    expect(asked).toHaveLength(2);
  });
  test('gives no answer to what is no query', async () => {
    expect(replyTo(Buffer.from('x'), '127.0.0.1', () => reply)).toBeUndefined();
    expect(replyTo(encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'a' }] }), '127.0.0.1', () => reply)).toBeUndefined();
    await expect(new StubResolver({ server: '127.0.0.1', port: server.port, timeoutMs: 100, now: () => 0 }).resolve('db.holdfast.test')).resolves.toBeDefined();
  });
  test('is told from silence', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    const resolver = new StubResolver({ server: '127.0.0.1', port: silent.address().port, timeoutMs: 100, now: () => 0 });
    await expect(resolver.resolve('db.holdfast.test')).rejects.toThrow('does not answer within 100 ms');
    silent.close();
  });
  test('marks its answers as authoritative', () => {
    const message = encode({ type: 'query', id: 9, questions: [{ type: 'A', name: 'db.holdfast.test' }] });
    const answer = replyTo(message, '127.0.0.1', () => reply);
    expect(decode(answer!)).toMatchObject({ id: 9, type: 'response', flag_aa: true, answers: [{ data: '10.50.6.20', ttl: 2 }] });
  });
});
