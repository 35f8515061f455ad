import { createServer as createHttps, type Server } from 'node:https';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { Checkers, Opinion } from '../../../lab/edge/checkers';
import { probe, type ProbedCheck } from '../../../lab/edge/probe';
import { createAuthority, issueCertificate } from '../../../lab/pki';
import { sleep, until } from '../../../lab/exec';
import { describeIf, programs } from '../../support/requires';

const check = (port: number, searchString?: string, path = '/health/ready'): ProbedCheck => ({
  id: `check-${port}`,
  inverted: false,
  kind: 'probe',
  type: searchString === undefined ? 'HTTPS' : 'HTTPS_STR_MATCH',
  probe: { host: 'euc1.app.holdfast.test', port, path, searchString, interval: 10, failureThreshold: 3, sni: true },
});

describe("a checker's opinion", () => {
  const opinionAfter = (threshold: number, ...probes: readonly boolean[]): boolean => {
    const opinion = new Opinion(threshold);
    probes.forEach((passes) => opinion.hear(passes));
    return opinion.healthy;
  };
  test('is good before anything is known', () => expect(opinionAfter(3)).toBe(true));
  test('is settled by the first probe', () => expect(opinionAfter(3, false)).toBe(false));
  test.each([
    [3, [true, false, false], true],
    [3, [true, false, false, false], false],
    [3, [true, false, false, true, false, false], true],
    [3, [false, true, true], false],
    [3, [false, true, true, true], true],
    [1, [true, false], false],
  ])('changes after %i probes in a row: %j', (threshold, probes, healthy) => expect(opinionAfter(threshold, ...probes)).toBe(healthy));
});

describe('several checkers', () => {
  const fleet = (checkers: number, passing: (asked: number) => boolean): { readonly fleet: Checkers; readonly changes: string[] } => {
    const changes: string[] = [];
    let asked = 0;
    return {
      changes,
      fleet: new Checkers({
        checks: [{ ...check(1), probe: { ...check(1).probe, failureThreshold: 1 } }],
        checkers,
        haste: 100,
        probe: () => Promise.resolve({ passes: passing(asked++ % checkers), because: 'so' }),
        onChange: (_, passes) => changes.push(passes ? 'healthy' : 'unhealthy'),
      }),
    };
  };
  // 18 % of 16 are 2.88
  test.each([
    [3, true],
    [2, false],
  ])('agree on "healthy" when %i of 16 say so: %s', async (good, healthy) => {
    const { fleet: checkers } = fleet(16, (n) => n < good);
    await sleep(0.35);
    expect(checkers.results().get('check-1')).toBe(healthy);
    checkers.close();
  });
  test('probe evenly spread over the interval, and tell changes once', async () => {
    let up = true;
    const { fleet: checkers, changes } = fleet(4, () => up);
    await sleep(0.25);
    expect(changes).toEqual([]);
    up = false;
    await until('the change', 2, () => Promise.resolve(changes.length > 0 ? true : undefined));
    await sleep(0.2);
    expect(changes).toEqual(['unhealthy']);
    expect(checkers.counts()).toEqual({ 'check-1': '0/4' });
    checkers.close();
  });
});

describeIf(programs('openssl'), 'a probe', () => {
  let server: Server;
  let port: number;
  let answer: { status: number; body: string };
  let names: (string | false | null | undefined)[];
  beforeAll(async () => {
    const authority = await createAuthority('of nobody');
    const { certificate, key } = await issueCertificate(authority, { commonName: 'another.name', usages: ['serverAuth'] });
    server = createHttps({ cert: certificate, key }, (incoming, response) => {
      names.push(incoming.headers.host);
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => {
    answer = { status: 200, body: 'active=eu-central-1 epoch=1\n' };
    names = [];
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('passes with 2xx and 3xx, whoever signed the certificate, and names the host', async () => {
    expect((await probe(check(port), '127.0.0.1')).passes).toBe(true);
    answer = { status: 302, body: '' };
    expect((await probe(check(port), '127.0.0.1')).passes).toBe(true);
    expect(names).toEqual(['euc1.app.holdfast.test', 'euc1.app.holdfast.test']);
  });
  test.each([404, 503])('fails with %i', async (status) => {
    answer = { status, body: '' };
    expect(await probe(check(port), '127.0.0.1')).toEqual({ passes: false, because: `status ${status}` });
  });
  test('looks for a string, and in the first 5120 bytes only', async () => {
    expect((await probe(check(port, 'active=eu-central-1'), '127.0.0.1')).passes).toBe(true);
    expect((await probe(check(port, 'active=us-east-1'), '127.0.0.1')).passes).toBe(false);
    answer = { status: 200, body: `${' '.repeat(5_110)}active=us-east-1` };
    expect((await probe(check(port, 'active=us-east-1'), '127.0.0.1')).passes).toBe(false);
  });
  test('fails where nobody listens', async () => {
    const free = createTcp();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port: gone } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    expect(await probe(check(gone), '127.0.0.1')).toMatchObject({ passes: false, because: expect.stringContaining('ECONNREFUSED') });
    expect(await probe({ ...check(gone), type: 'TCP' }, '127.0.0.1')).toMatchObject({ passes: false });
    expect(await probe({ ...check(port), type: 'TCP' }, '127.0.0.1')).toMatchObject({ passes: true });
  });
  test('fails where somebody accepts and says nothing', async () => {
    const silent = createTcp(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const outcome = await probe(check((silent.address() as AddressInfo).port), '127.0.0.1');
    expect(outcome).toMatchObject({ passes: false, because: expect.stringContaining('within 4 s') });
    silent.close();
  });
});
