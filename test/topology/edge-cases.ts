import type { EdgeInput, EnvironmentInput } from '../../lib/topology/types';
import { seconds } from '../../lib/topology/units';
import { environmentWith, NAMED, withRegion, type Case } from './fixtures';

const edge = (changes: EdgeInput, rest: Partial<EnvironmentInput> = {}): EnvironmentInput => environmentWith({ edge: changes, ...rest });
const limits = (changes: EdgeInput['limits'] & object): EnvironmentInput => edge({ limits: changes });
const blocks = (...blocklist: readonly string[]): EnvironmentInput => edge({ blocklist });
/** With a cache, which needs larger machines. */
const cached = (changes: EdgeInput, rest: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  ...withRegion({ cluster: { instanceType: 'm7i.2xlarge' } }),
  cache: {},
  edge: changes,
  ...rest,
});
const endpoint = (requestsPerSecond: number): EnvironmentInput =>
  edge(
    {},
    {
      ...withRegion({ cluster: { instanceType: 'm7i.2xlarge' } }),
      ...NAMED,
      workloads: [
        {
          name: 'shop',
          image: `registry.example.com/shop@sha256:${'0'.repeat(64)}`,
          public: { host: null, paths: ['/'], port: 'http', endpoints: [{ method: 'POST', path: '/orders', requestsPerSecond }] },
        },
      ],
    },
  );
const certificate = (text: string): string => `-----BEGIN ${text}-----\nMIIB\n-----END ${text}-----\n`;
const trust = (authority: string): EnvironmentInput => edge({ clientCertificates: { authority } });

export const EDGE_CASES: Readonly<Record<string, Case>> = {
  'limits-count-their-key': {
    keeps: edge({}),
    breaks: [
      [limits({ user: { per: 'address' } }), 'edge.limits.user.per', /"address"; "user"/],
      [limits({ waf: { per: 'user' } }), 'edge.limits.waf.per', /"user"; "address"/],
    ],
  },
  'limits-cascade': {
    keeps: limits({ edge: { requestsPerSecond: 201 } }),
    breaks: [
      [limits({ edge: { requestsPerSecond: 100 } }), 'edge.limits.edge.requestsPerSecond', /100\/s, in front of edge.limits.waf with 100\/s; more than 100/],
      [limits({ user: { requestsPerSecond: 200 } }), 'edge.limits.waf.requestsPerSecond', /in front of edge.limits.user with 200\/s/],
      [limits({ endpoint: { requestsPerSecond: 20 } }), 'edge.limits.user.requestsPerSecond', /or less than 10 for edge.limits.endpoint/],
      [limits({ user: { window: seconds(600), retryAfter: seconds(600) } }), 'edge.limits.user.window', /up to 6600 requests in 60 s.* at most 540 s/],
      [limits({ edge: { requestsPerSecond: 199 } }), 'edge.limits.waf.window', /raise edge.limits.edge.requestsPerSecond to 200/],
    ],
  },
  'endpoint-limits-fit': {
    keeps: endpoint(5),
    breaks: [
      [endpoint(10), 'workloads[0].public.endpoints[0].requestsPerSecond', /10\/s for POST \/orders; more than 0 and less than/],
      [endpoint(0), 'workloads[0].public.endpoints[0].requestsPerSecond', /leave it out for 1\/s/],
    ],
  },
  'limits-are-countable': {
    keeps: limits({ waf: { window: seconds(120), retryAfter: seconds(120) } }),
    breaks: [
      [limits({ waf: { window: seconds(30) } }), 'edge.limits.waf.window', /one of 60, 120, 300, 600 s/],
      [limits({ edge: { window: seconds(1) } }), 'edge.limits.edge.window', /use seconds\(60\)/],
      [limits({ waf: { requestsPerSecond: 100.001 } }), 'edge.limits.waf.requestsPerSecond', /6000.06 requests .*whole number/],
      [
        limits({ user: { requestsPerSecond: 0.1, window: seconds(10) }, endpoint: { requestsPerSecond: 0.05, window: seconds(20), retryAfter: seconds(20) } }),
        'edge.limits.user.requestsPerSecond',
        /6 requests in the WAF’s 60 s; a whole number of at least 10/,
      ],
      [limits({ endpoint: { requestsPerSecond: 0.5 } }), 'edge.limits.endpoint.window', /none would ever pass; at least 2 s; use seconds\(2\)/],
    ],
  },
  'waiting-helps': {
    keeps: limits({ user: { retryAfter: seconds(1) } }),
    breaks: [
      [limits({ edge: { retryAfter: seconds(60) } }), 'edge.limits.edge.retryAfter', /60 s with 403; null/],
      [limits({ waf: { retryAfter: seconds(10) } }), 'edge.limits.waf.retryAfter', /counted over 60 s; whole seconds, at least 60/],
      [limits({ waf: { retryAfter: null } }), 'edge.limits.waf.retryAfter', /null with 429/],
      [limits({ user: { retryAfter: seconds(1.5) } }), 'edge.limits.user.retryAfter', /whole seconds/],
      [
        limits({ endpoint: { requestsPerSecond: 0.5, window: seconds(2) } }),
        'edge.limits.endpoint.retryAfter',
        /1 s, with requests counted over 2 s; whole seconds, at least 2/,
      ],
    ],
  },
  'emergency-tightens': {
    keeps: edge({ emergency: { divisor: 60 } }),
    breaks: [
      [edge({ emergency: { divisor: 1 } }), 'edge.emergency.divisor', /more than 1/],
      [edge({ emergency: { divisor: 101 } }), 'edge.emergency.divisor', /at most 100/],
      [edge({ emergency: { divisor: 61 } }), 'edge.emergency.divisor', /one request to an endpoint in 61 s; at most 60/],
    ],
  },
  'limiter-fails-as-declared': {
    keeps: cached({ limiterDown: 'closed' }),
    breaks: [
      [edge({ limiterDown: 'open' }), 'edge.limiterDown', /nothing would ever be limited; "local", or a cache/],
      [edge({ limiterDown: 'closed' }), 'edge.limiterDown', /everybody would be refused for good/],
      [
        cached({ limiterDown: 'closed' }, { objectives: { 'redis-majority-lost': { rto: seconds(60) } } }),
        'edge.limiterDown',
        /60 s for the cache to come back.*within 15 s.*each process counts for itself/,
      ],
    ],
  },
  'floods-end': {
    keeps: edge({ invalidSignatures: { perAddress: 1, window: seconds(60), blockFor: seconds(60) }, warmUp: seconds(0), maxBody: 1024 }),
    breaks: [
      [edge({ invalidSignatures: { perAddress: 0 } }), 'edge.invalidSignatures.perAddress', /at least 1/],
      [edge({ invalidSignatures: { perAddress: 6000 } }), 'edge.invalidSignatures.perAddress', /fewer than edge.limits.waf lets through in that time \(6000\)/],
      [edge({ invalidSignatures: { blockFor: seconds(59) } }), 'edge.invalidSignatures.blockFor', /at least 60 s/],
      [edge({ warmUp: seconds(601) }), 'edge.warmUp', /0 to 600 s/],
      [edge({ maxBody: 1023 }), 'edge.maxBody', /1024 to 10485760 bytes/],
      [edge({ originSecret: 0 }), 'edge.originSecret', /begin with 1/],
    ],
  },
  'blocklist-spares-us': {
    keeps: blocks('198.51.100.0/24', '203.0.113.7', '2001:db8::/32'),
    breaks: [
      [blocks('0.0.0.0/0'), 'edge.blocklist[0]', /which is everybody; \/8 or longer/],
      [blocks('::/0'), 'edge.blocklist[0]', /which is everybody; \/16 or longer/],
      [blocks('0.0.0.0/1', '128.0.0.0/1'), 'edge.blocklist[1]', /one 2th of everybody/],
      [blocks('2000::/3'), 'edge.blocklist[0]', /\/16 or longer/],
      [blocks(...Array.from({ length: 17 }, (_, i) => `${60 + i}.0.0.0/8`)), 'edge.blocklist', /17 entries with 285212672 addresses, 6.6 %/],
      [blocks('10.1.2.0/24'), 'edge.blocklist[0]', /overlaps 10.1.0.0\/16: the private network of eu-central-1; blocks that are not our own/],
      [blocks('172.20.0.10'), 'edge.blocklist[0]', /service addresses of eu-central-1/],
      [blocks('54.228.0.0/16'), 'edge.blocklist[0]', /Route 53’s health checkers/],
      [blocks('127.0.0.1'), 'edge.blocklist[0]', /loopback/],
      [blocks('attacker.example'), 'edge.blocklist[0]', /an IPv4 or IPv6 address or CIDR/],
      [blocks('198.51.100.7', '198.51.100.7/32'), 'edge.blocklist[1]', /edge.blocklist\[0\] again/],
    ],
  },
  'edge-names-are-free': {
    keeps: edge({ names: { application: 'shop', writer: 'shop-write' } }, { dns: { zoneName: 'example.com', zoneId: 'Z1' } }),
    breaks: [
      [edge({ names: { application: 'www.shop' } }), 'edge.names.application', /one label/],
      [edge({ names: { writer: 'www' } }), 'edge.names.writer', /also edge.names.application/],
      [edge({ names: { application: 'app' } }, { dns: { zoneName: 'example.com', zoneId: 'Z1' } }), 'edge.names.application', /CloudFront would ask itself/],
    ],
  },
  'edge-has-cloudfront': {
    keeps: edge({}, { dns: { zoneName: 'example.com', zoneId: 'Z1' } }),
    breaks: [
      [
        {
          ...withRegion({ name: 'cn-north-1', zones: ['cn-north-1a', 'cn-north-1b', 'cn-north-1c'] }),
          edge: {},
          dns: { zoneName: 'example.com', zoneId: 'Z1' },
        },
        'regions[0].name',
        /"cn-north-1", in the partition aws-cn; regions of the partition aws/,
      ],
    ],
  },
  'authority-is-pem': {
    keeps: trust(certificate('CERTIFICATE') + certificate('CERTIFICATE')),
    breaks: [
      [trust('MIIB'), 'edge.clientCertificates.authority', /no PEM certificate/],
      [trust(certificate('CERTIFICATE') + certificate('PRIVATE KEY')), 'edge.clientCertificates.authority', /a text with a private key; .*without its key/],
    ],
  },
};
