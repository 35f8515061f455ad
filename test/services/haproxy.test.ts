import { environmentNamed } from '../k8s/fixtures';
import { gatewayKeeperConfig } from '../../lib/services/gateway-keeper';
import { haproxyCfg } from '../../lib/services/haproxy';
import { peerEnvironment } from '../../lib/services/haproxy-limits';
import { homeRegion } from '../../lib/topology/derive';
import { GATEWAY_DEFAULTS, gatewayMembers } from '../../lib/topology/gateway';
import type { Environment } from '../../lib/topology/types';
import { seconds } from '../../lib/topology/units';

const environment = environmentNamed('lab-workloads');
const region = homeRegion(environment);
const cfg = (change: Partial<Environment> = {}): string => haproxyCfg({ ...environment, ...change }, region);
const lines = (change: Partial<Environment> = {}): readonly string[] =>
  cfg(change)
    .split('\n')
    .map((line) => line.trim());
const edge =
  environment.edge ??
  ((): never => {
    throw new Error('no edge');
  })();
const at = (list: readonly string[], part: string): number => list.findIndex((line) => line.includes(part));

describe('whom a request is sent to', () => {
  test('pods by the headless Service’s name, asked themselves once a second', () => {
    const server = lines().find((line) => line.startsWith('server-template'));
    expect(server).toBe('server-template pod 1-9 backend.applications.svc.cluster.local:8080 resolvers cluster resolve-prefer ipv4 init-addr none');
    expect(cfg()).toMatch(/check inter 1000ms fastinter 250ms downinter 1000ms fall 3 rise 2 .*tcp-ut 4000ms/);
    expect(cfg()).toContain('http-check send meth GET uri /health/ready');
  });
  test('follows the model’s checks', () => {
    const check = { interval: seconds(0.5), timeout: seconds(0.4), failures: 2 };
    expect(cfg({ gateway: { ...GATEWAY_DEFAULTS, check } })).toMatch(/check inter 500ms fastinter 125ms downinter 500ms fall 2/);
    expect(cfg({ gateway: { ...GATEWAY_DEFAULTS, check } })).toContain('timeout check 400ms');
  });
  test('sends again only what was never sent, or does no harm twice', () => {
    expect(lines()).toContain('retry-on conn-failure empty-response');
    expect(lines()).toContain('http-request disable-l7-retry if !{ method GET HEAD OPTIONS } !{ req.hdr(idempotency-key) -m found }');
  });
  test('never cuts the requests of a pod that leaves', () => expect(cfg()).not.toContain('shutdown-sessions'));
  test('keeps the addresses it knows while the cluster’s DNS is away', () =>
    expect(lines()).toEqual(expect.arrayContaining(['hold timeout 1h', 'hold refused 1h', 'hold obsolete 0s'])));
});

describe('routes', () => {
  const [shop] = environment.workloads;
  if (shop === undefined) throw new Error('no workload');
  const api = { ...shop, name: 'api', public: { paths: ['/v1', '/v1/deep'], host: 'api.example.com', port: 'http', endpoints: [] } };
  const two = { workloads: [shop, api] };
  test('with a name come first, the longest prefix before the shorter, and a prefix ends with a segment', () =>
    expect(lines(two).filter((line) => line.startsWith('use_backend'))).toEqual([
      'use_backend workload-api if { req.hdr(host),field(1,:) -i -m str api.example.com } { path -m beg /v1/deep/ } || { req.hdr(host),field(1,:) -i -m str api.example.com } { path -m str /v1/deep }',
      'use_backend workload-api if { req.hdr(host),field(1,:) -i -m str api.example.com } { path -m beg /v1/ } || { req.hdr(host),field(1,:) -i -m str api.example.com } { path -m str /v1 }',
      'use_backend workload-backend if { path -m beg / }',
    ]));
  test('a region is ready when every workload has a pod that serves', () =>
    expect(lines(two).filter((line) => line.includes('if region {'))).toEqual([
      expect.stringMatching(/return status 503.*if region \{ nbsrv\(workload-backend\) lt 1 \}/),
      expect.stringMatching(/return status 503.*if region \{ nbsrv\(workload-api\) lt 1 \}/),
    ]));
});

describe('limits', () => {
  test('each gateway counts in a table of its own, and the sum decides', () => {
    expect(lines().filter((line) => line.startsWith('table '))).toHaveLength(4);
    expect(lines()).toContain('http-request track-sc0 src,ipmask(32,64) table "gateways/${GATEWAY_MEMBER}"');
    expect(lines().filter((line) => line.includes('set-var(txn.rate)'))).toEqual([
      'http-request set-var(txn.rate) src,ipmask(32,64),table_http_req_rate(gateways/gateway-a)',
      'http-request set-var(txn.rate) src,ipmask(32,64),table_http_req_rate(gateways/gateway-b),add(txn.rate)',
      'http-request set-var(txn.rate) src,ipmask(32,64),table_http_req_rate(gateways/gateway-c),add(txn.rate)',
    ]);
  });
  test('the table of the model says how many, and what is answered', () => {
    expect(cfg()).toContain('map_str_int(virt@limits,3600)');
    expect(cfg()).toMatch(/return status 429 .*hdr retry-after "60" hdr x-limit "address"/);
    expect(gatewayKeeperConfig(edge)).toMatchObject({ addressLimit: 3600, emergencyAddressLimit: 900 });
  });
  test('the cheapest check comes first, and what is refused counts as well', () => {
    const order = ['hdr x-limit "blocklist"', 'track-sc0', 'if forger', 'if over', '405', '413', 'wait-for-body', 'use_backend'];
    const places = order.map((part) => at(lines(), part));
    expect(places.filter((place) => place < 0)).toEqual([]);
    expect(at(lines(), 'acl blocked')).toBeLessThan(at(lines(), 'http-request track-sc0'));
    expect(at(lines(), 'if over')).toBeLessThan(at(lines(), 'http-request wait-for-body'));
    expect(at(lines(), 'http-request wait-for-body')).toBeLessThan(at(lines(), 'use_backend'));
  });
  test('signatures that did not verify are counted by the backend’s word, which clients never see', () => {
    expect(lines()).toContain('http-response sc-inc-gpc0(0) if { res.hdr(x-invalid-signature) -m found }');
    expect(lines()).toContain('http-response del-header x-invalid-signature');
    expect(cfg()).toMatch(/acl forging var\(txn\.invalid\) -m int ge 10\n/);
  });
});

describe('clients', () => {
  test('are believed by nobody but the load balancer when they say for whom they ask', () => {
    expect(lines()).toContain('acl balancer src 10.50.240.0/22 10.50.244.0/22 10.50.248.0/22');
    expect(cfg({ dns: null })).toContain('set-src req.hdr_ip(x-forwarded-for,-1) if balancer');
  });
  test('that are slow are not waited for', () => expect(lines()).toEqual(expect.arrayContaining(['timeout http-request 5000ms', 'timeout client 15000ms'])));
  test('of one address hold at most a tenth of the connections', () =>
    expect(cfg()).toContain('tcp-request connection reject if !balancer { sc2_conn_cur gt 200 }'));
});

test('each gateway knows the others by their Services, and itself by every address', () => {
  const members = gatewayMembers(region);
  const [own] = members;
  if (own === undefined) throw new Error('no member');
  expect(peerEnvironment(own, members)).toEqual({
    GATEWAY_MEMBER: 'gateway-a',
    PEER_GATEWAY_A: '0.0.0.0:10443',
    PEER_GATEWAY_B: 'gateway-b.applications.svc.cluster.local:10443',
    PEER_GATEWAY_C: 'gateway-c.applications.svc.cluster.local:10443',
  });
});

test('without an edge there is no gateway', () => expect(() => cfg({ edge: null })).toThrow(/has no edge/));
