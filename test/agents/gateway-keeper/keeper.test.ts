import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../../agents/gateway-keeper/config';
import { isComplete, look, newState, type KeeperState } from '../../../agents/gateway-keeper/keep';
import { sendTo } from '../../../agents/gateway-keeper/runtime';
import { renderMetrics } from '../../../agents/gateway-keeper/server';
import { wantedBlocklist, wantedCertificate, wantedEmergency } from '../../../agents/gateway-keeper/wanted';
import { createAuthority, issueCertificate } from '../../../lab/pki';
import { gatewayKeeperConfig, gatewayKeeperJson, type GatewayKeeperConfig } from '../../../lib/services/gateway-keeper';
import { EDGE_DEFAULTS } from '../../../lib/topology/defaults-edge';

const issue = async (): Promise<{ certificate: string; key: string }> =>
  issueCertificate(await createAuthority('test'), { commonName: 'gateway', usages: ['serverAuth'], alternativeNames: ['DNS:gateway'] });

const NOW = new Date('2026-01-01T00:00:00Z');

describe('what the files say', () => {
  test('a blocklist has addresses and CIDRs, with words behind them', () =>
    expect(wantedBlocklist('# why\n198.51.100.0/24 # a botnet\n2001:db8::/32\n203.0.113.9\n203.0.113.9\n', NOW)).toEqual([
      '198.51.100.0/24',
      '2001:db8::/32',
      '203.0.113.9',
    ]));
  test.each([
    ['0.0.0.0/0', /line 1: 0.0.0.0\/0: would block \/0: allowed are \/8 and longer/],
    ['::/0', /would block \/0: allowed are \/16/],
    ['198.51.100.0/33', /at most 32 bits/],
    ['example.com', /not an address or a CIDR/],
  ])('a blocklist with %s is refused as a whole', (text, says) => expect(() => wantedBlocklist(text, NOW)).toThrow(says));
  test('an emergency is on or off, and off when nobody has said anything', () => {
    expect([wantedEmergency('{}'), wantedEmergency('{"emergencyLimits":true}')]).toEqual([false, true]);
    expect(() => wantedEmergency('{"emergencyLimits":"yes"}')).toThrow(/given "yes"; allowed: true, false/);
  });
  test('a certificate goes with its own key, and has not expired', async () => {
    const [own, other] = [await issue(), await issue()];
    expect(wantedCertificate(own.certificate, own.key, new Date()).pem).not.toMatch(/\n\n/);
    expect(() => wantedCertificate(own.certificate, other.key, new Date())).toThrow(/the key is not that of the certificate/);
    expect(() => wantedCertificate(own.certificate, own.key, new Date('2200-01-01'))).toThrow(/expired at/);
    expect(() => wantedCertificate('none', own.key, new Date())).toThrow(/not a certificate with its key/);
  });
});

test('the configuration that is rendered is the one that is read', () => {
  expect(parseConfig(gatewayKeeperJson(EDGE_DEFAULTS), 'keeper.json')).toEqual(gatewayKeeperConfig(EDGE_DEFAULTS));
  expect(() => parseConfig('{"socket":""}', 'keeper.json')).toThrow(/socket: given ""[^]*files: given nothing/);
});

/** A HAProxy that takes everything, and says what it was told. */
class FakeHaproxy {
  readonly told: string[] = [];
  pid = 7;
  refuses: RegExp | undefined;
  private readonly server: Server;

  constructor(readonly socket: string) {
    this.server = createServer({ allowHalfOpen: true }, (connection) => {
      let command = '';
      connection.setEncoding('utf8').on('data', (text: string) => (command += text));
      connection.on('end', () => connection.end(this.answer(command.trim())));
    });
  }
  private answer(command: string): string {
    if (command === 'show info') return `Name: HAProxy\nPid: ${this.pid}\nStart_time_sec: 1\n`;
    this.told.push(command.split('\n')[0] ?? '');
    if (this.refuses?.test(command) === true) return 'no\n';
    if (command.startsWith('set ssl cert')) return 'Transaction created for certificate\n';
    if (command.startsWith('commit ssl cert')) return 'Committing\nSuccess!\n';
    return command.startsWith('prepare acl') ? 'New version created: 3\n' : '\n';
  }
  listen = (): Promise<void> => new Promise((resolve) => this.server.listen(this.socket, resolve));
  close = (): Promise<void> => new Promise((resolve) => this.server.close(() => resolve()));
}

describe('the keeper', () => {
  let directory: string;
  let haproxy: FakeHaproxy;
  let state: KeeperState;
  let config: GatewayKeeperConfig;
  const lookOnce = (): Promise<void> => look(config, sendTo(config.socket), state, () => undefined);
  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gateway-keeper-'));
    const in_ = (name: string): string => join(directory, name);
    const files = { certificate: in_('tls.crt'), key: in_('tls.key'), blocklists: [in_('always.txt'), in_('blocklist.txt')], switches: in_('switches.json') };
    config = { ...gatewayKeeperConfig(EDGE_DEFAULTS), socket: in_('admin.sock'), files };
    const { certificate, key } = await issue();
    await Promise.all([write('tls.crt', certificate), write('tls.key', key), write('always.txt', '198.51.100.0/24\n')]);
    haproxy = new FakeHaproxy(config.socket);
    await haproxy.listen();
    state = newState();
  });
  afterEach(async () => {
    await haproxy.close();
    await rm(directory, { recursive: true });
  });

  test('tells a gateway everything once, and then nothing', async () => {
    await lookOnce();
    expect(haproxy.told).toEqual([
      `set ssl cert ${config.files.certificate} <<`,
      `commit ssl cert ${config.files.certificate}`,
      'prepare acl virt@blocklist',
      'add acl @3 virt@blocklist 198.51.100.0/24',
      'commit acl @3 virt@blocklist',
      'clear map virt@limits',
    ]);
    expect(isComplete(state)).toBe(true);
    await lookOnce();
    expect(haproxy.told).toHaveLength(6);
  });

  test('tells what has changed, and only that', async () => {
    await lookOnce();
    haproxy.told.length = 0;
    await write('switches.json', '{"emergencyLimits": true}');
    await lookOnce();
    expect(haproxy.told).toEqual(['clear map virt@limits', `add map virt@limits address ${config.emergencyAddressLimit}`]);
    expect(renderMetrics(state)).toMatch(/holdfast_gateway_emergency_limits 1\n/);
  });

  test('tells a gateway that was restarted everything again', async () => {
    await lookOnce();
    haproxy.told.length = 0;
    haproxy.pid = 8;
    await lookOnce();
    expect(haproxy.told).toHaveLength(6);
  });

  test('leaves the gateway what it has when a file can’t be used, and says so', async () => {
    await lookOnce();
    haproxy.told.length = 0;
    await write('blocklist.txt', '0.0.0.0/0\n');
    await lookOnce();
    expect(haproxy.told).toEqual([]);
    expect(renderMetrics(state)).toMatch(/holdfast_gateway_blocklist_problem 1\n/);
    expect(renderMetrics(state)).toMatch(/holdfast_gateway_blocklist_entries 1\n/);
  });

  test('takes a certificate back that the gateway refuses, and tries again', async () => {
    haproxy.refuses = /^commit ssl/;
    await lookOnce();
    expect(haproxy.told).toContain(`abort ssl cert ${config.files.certificate}`);
    expect(state.problems.get('certificate')).toMatch(/refused/);
    haproxy.refuses = undefined;
    await lookOnce();
    expect(state.problems.size).toBe(0);
  });

  test('waits for a gateway that is not there', async () => {
    await haproxy.close();
    await lookOnce();
    expect(isComplete(state)).toBe(false);
    await haproxy.listen();
  });
});
