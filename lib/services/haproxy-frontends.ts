/** What the gateway listens on. */
import { GATEWAY_HEALTH_PATH, GATEWAY_METRICS_PORT, GATEWAY_PORT, gatewayMembers, REGION_HEALTH_PATH, trustedHops, trustedProxies } from '../topology/gateway';
import type { Edge, Environment, Region } from '../topology/types';
import { answer, type Section } from './haproxy-global';
import { limitRules, signatureRules } from './haproxy-limits';
import { GATEWAY_TLS_DIR } from './paths';

/** Requests for one name and one prefix. */
export interface Route {
  readonly backend: string;
  /** null: any name. */
  readonly host: string | null;
  readonly path: string;
}

interface PublicFrontend {
  readonly environment: Environment;
  readonly region: Region;
  readonly edge: Edge;
  readonly routes: readonly Route[];
}

/** Of a hundred requests that are refused, so many are logged: an attack must not fill the disk. */
const LOGGED_PERCENT = 1;
/** One address that is no load balancer may hold this share of the connections. */
const CONNECTION_SHARE = 10;

const NOWHERE = 'nowhere';

const LOG = [
  '%{+json}o',
  '%(time)[date(0,ms)]',
  '%(id)ID',
  '%(client)[src]',
  '%(method)HM',
  '%(host)[capture.req.hdr(0)]',
  '%(path)HPO',
  '%(status:sint)ST',
  '%(bytes:sint)B',
  '%(backend)b',
  '%(server)s',
  '%(retries:sint)rc',
  '%(requestMs:sint)TR',
  '%(connectMs:sint)Tc',
  '%(serverMs:sint)Tr',
  '%(totalMs:sint)Ta',
  '%(termination)tsc',
].join(' ');

/** The load balancer says for whom it asks; nobody else is believed. */
const clientAddress = (environment: Environment): string =>
  `http-request set-src req.hdr_ip(x-forwarded-for,-${trustedHops(environment)}) if balancer { req.hdr(x-forwarded-for) -m found }`;

/** Asked by those who decide where clients are sent: whether this region serves every workload. It is neither limited nor sent on. */
const regionReady = (routes: readonly Route[]): readonly string[] => [
  `acl region path ${REGION_HEALTH_PATH}`,
  'http-request set-log-level silent if region',
  ...[...new Set(routes.map(({ backend }) => backend))].map(
    (backend) => `http-request return ${answer(503, `${backend} has no pod that serves`)} if region { nbsrv(${backend}) lt 1 }`,
  ),
  `http-request return ${answer(200, 'none')} if region`,
];

/** Refused before anything is sent on: what no workload has to understand. */
const formRules = ({ edge }: PublicFrontend): readonly string[] => {
  const sent = '{ req.hdr(transfer-encoding) -m found } || { req.body_len gt 0 } !{ req.hdr(content-length) -m found }';
  return [
    `http-request return ${answer(405, 'method not allowed', { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' })} if !{ method GET HEAD POST PUT PATCH DELETE OPTIONS }`,
    `http-request return ${answer(400, 'one host is needed')} if !{ req.hdr_cnt(host) eq 1 }`,
    `http-request return ${answer(400, 'malformed path')} if { path -m sub /../ %00 // } || { path -m end /.. }`,
    `http-request return ${answer(413, 'body too large')} if { req.hdr(content-length) -m int gt ${edge.maxBody} }`,
    'http-request wait-for-body time 5s at-least 1 if !{ method GET HEAD OPTIONS } !{ req.hdr(content-length) -m found }',
    `http-request return ${answer(411, 'content-length is needed')} if ${sent}`,
  ];
};

const headerRules = (): readonly string[] => [
  'http-request set-header x-request-id %[unique-id]',
  'http-request set-header x-forwarded-for %[src]',
  'http-request set-header x-forwarded-proto https',
  'http-request set-header x-forwarded-host %[req.hdr(host)]',
  'http-request del-header forwarded',
  'http-request del-header x-real-ip',
  'http-after-response set-header x-request-id %[unique-id]',
  'http-after-response set-header strict-transport-security "max-age=31536000"',
  ...signatureRules(),
];

/** A prefix ends where a segment ends. */
const condition = ({ host, path }: Route): string => {
  const prefix = path.replace(/\/+$/, '');
  const paths = prefix === '' ? '{ path -m beg / }' : `{ path -m beg ${prefix}/ }`;
  const named = host === null ? '' : `{ req.hdr(host),field(1,:) -i -m str ${host} } `;
  return prefix === '' ? `${named}${paths}` : `${named}${paths} || ${named}{ path -m str ${prefix} }`;
};

/** Workloads with a name of their own first, and of those the longest prefix: the first that matches is used. */
const routing = (routes: readonly Route[]): readonly string[] =>
  [...routes]
    .sort((a, b) => Number(b.host !== null) - Number(a.host !== null) || b.path.length - a.path.length)
    .map((route) => `use_backend ${route.backend} if ${condition(route)}`);

export const publicFrontend = (frontend: PublicFrontend): Section => {
  const { environment, region, edge, routes } = frontend;
  const { maxConnections, addresses } = environment.gateway;
  return {
    heading: 'frontend public',
    lines: [
      `bind :${GATEWAY_PORT} ssl crt ${GATEWAY_TLS_DIR}/tls.crt alpn h2,http/1.1`,
      `maxconn ${maxConnections}`,
      'capture request header host len 128',
      'unique-id-format %[uuid()]',
      `log-format "${LOG}"`,
      `acl sampled rand(100) lt ${LOGGED_PERCENT}`,
      `acl balancer src ${trustedProxies(region).join(' ')}`,
      `stick-table type ipv6 size ${addresses} expire 60s store conn_cur`,
      'tcp-request connection track-sc2 src if !balancer',
      `tcp-request connection reject if !balancer { sc2_conn_cur gt ${Math.max(10, Math.floor(maxConnections / CONNECTION_SHARE))} }`,
      clientAddress(environment),
      `acl health path ${GATEWAY_HEALTH_PATH}`,
      'http-request set-log-level silent if health',
      'http-request return status 200 content-type text/plain string ok if health',
      ...regionReady(routes),
      ...limitRules(gatewayMembers(region), edge),
      ...formRules(frontend),
      ...headerRules(),
      ...routing(routes),
      `default_backend ${NOWHERE}`,
    ],
  };
};

/** For names and paths that no workload has. */
export const nowhere = (): Section => ({ heading: `backend ${NOWHERE}`, lines: [`http-request return ${answer(404, 'not found')}`] });

/** Plain HTTP, inside the cluster only. */
export const metricsFrontend = (): Section => ({
  heading: 'frontend metrics',
  lines: [
    `bind :${GATEWAY_METRICS_PORT}`,
    'no log',
    `http-request return status 200 content-type text/plain string ok if { path ${GATEWAY_HEALTH_PATH} }`,
    'http-request use-service prometheus-exporter if { path /metrics }',
    'stats enable',
    'stats uri /stats',
    '# With the addresses of the pods.',
    'stats show-legends',
    `http-request return ${answer(404, 'not found')} if !{ path -m beg /stats }`,
  ],
});
