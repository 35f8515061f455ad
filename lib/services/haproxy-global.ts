/** What concerns the whole process, and all that it serves. */
import type { Gateway } from '../topology/types';
import { GATEWAY_SOCKET } from './paths';

/** A heading and its lines. */
export interface Section {
  readonly heading: string;
  readonly lines: readonly string[];
}
export const section = ({ heading, lines }: Section): string => [heading, ...lines.map((line) => `    ${line}`)].join('\n');

/** As HAProxy writes durations. */
export const ms = (seconds: number): string => `${Math.round(seconds * 1000)}ms`;

/** An answer of the gateway's own, as the argument of `http-request return` and `http-error`. */
export const answer = (status: number, error: string, headers: Readonly<Record<string, string>> = {}): string => {
  const named = Object.entries({ 'cache-control': 'no-store', ...headers }).map(([name, value]) => `hdr ${name} ${JSON.stringify(value)}`);
  return `status ${status} content-type application/json ${named.join(' ')} string '${JSON.stringify({ error })}'`;
};

/** Connections that probes and Prometheus make: they must get through when clients have taken all of theirs. */
const OWN_CONNECTIONS = 100;

export const global = ({ maxConnections, resources, drain }: Gateway): Section => ({
  heading: 'global',
  lines: [
    'log stdout format raw local0',
    `maxconn ${maxConnections + OWN_CONNECTIONS}`,
    `nbthread ${Math.max(1, Math.ceil(resources.cpuLimit / 1000))}`,
    `stats socket ${GATEWAY_SOCKET} mode 600 level admin`,
    'stats timeout 10s',
    'localpeer "${GATEWAY_MEMBER}"',
    '# After a soft stop: what is under way then is cut off.',
    `hard-stop-after ${ms(drain.timeout)}`,
    '# tls.crt and tls.key lie beside each other.',
    'ssl-load-extra-del-ext',
    'ssl-load-extra-files key',
    'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    'ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
    '# A connection that resets its streams over and over, or breaks the protocol, is closed.',
    'tune.h2.fe.glitches-threshold 200',
    'tune.h2.fe.max-concurrent-streams 64',
  ],
});

export const defaults = ({ timeouts }: Gateway): Section => ({
  heading: 'defaults',
  lines: [
    'mode http',
    'log global',
    `timeout http-request ${ms(timeouts.request)}`,
    `timeout client ${ms(timeouts.client)}`,
    `timeout http-keep-alive ${ms(timeouts.keepAlive)}`,
    `timeout connect ${ms(timeouts.connect)}`,
    `timeout server ${ms(timeouts.server)}`,
    `timeout queue ${ms(timeouts.queue)}`,
    `timeout tunnel ${ms(timeouts.client)}`,
    '# A client that has just sent its next request must not find the connection closed by a gateway that leaves.',
    'option idle-close-on-response',
    'option dontlognull',
    'option http-restrict-req-hdr-names reject',
    `http-error ${answer(400, 'bad request')}`,
    `http-error ${answer(408, 'request too slow')}`,
    `http-error ${answer(500, 'internal error')}`,
    `http-error ${answer(502, 'bad gateway', { 'retry-after': '1' })}`,
    `http-error ${answer(503, 'unavailable', { 'retry-after': '1' })}`,
    `http-error ${answer(504, 'gateway timeout', { 'retry-after': '1' })}`,
  ],
});

/**
 * A pod that leaves is forgotten at once; when the DNS itself is away, the addresses that are known stay, and the gateway's own checks say which of them serve.
 */
export const resolvers = (): Section => ({
  heading: 'resolvers cluster',
  lines: [
    'parse-resolv-conf',
    'accepted_payload_size 8192',
    'resolve_retries 3',
    'timeout resolve 1s',
    'timeout retry 1s',
    'hold valid 1s',
    'hold obsolete 0s',
    'hold nx 30s',
    'hold other 1h',
    'hold refused 1h',
    'hold timeout 1h',
  ],
});
