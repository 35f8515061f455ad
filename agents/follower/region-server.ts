import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import { NO_ROLE, type RegionStatus } from '../../lib/failover/region-role';
import type { RegionsConfig } from '../../lib/services/follower';
import { ConfigError } from '../checks';
import { sameAddress } from './decide';
import { isOrder, parseOrder, parseVouchQuestion } from './door-requests';
import { reasonOf, type Log } from './log';
import type { RegionDoor } from './region-door';
import type { State } from './state';

/** What a region says must be fresh: an older reading is no word of its own etcd. */
const MAX_AGE_MS = 3_000;
const RELOAD_MS = 30_000;
const MAX_BODY = 4_096;

/** What this region is; undefined: its etcd has not said so lately. */
export const ownStatus = ({ self }: RegionsConfig, state: State, now: number): RegionStatus | undefined => {
  const { reading, route, pooler, paused } = state;
  if (reading?.role === undefined || !reading.linearizable || now - reading.at > MAX_AGE_MS) return undefined;
  const { initialized, follows, epoch, primary, promised } = reading.role ?? NO_ROLE;
  const routed = route !== undefined && reading.leader?.member === route.member && pooler.kind === 'serving' && sameAddress(pooler, route);
  const serving = initialized && !follows && routed && !paused;
  return { region: self, initialized, follows, epoch, primary, serving, ...(promised ? { promised } : {}) };
};

type Answer = readonly [status: number, body: unknown];

export interface RegionServerPorts {
  readonly regions: RegionsConfig;
  readonly state: State;
  readonly now: () => number;
  readonly log: Log;
  /** Where regions fail over; undefined: the region says what it is, and takes no orders. */
  readonly door?: RegionDoor | undefined;
}

const NOTHING_HERE: Answer = [404, { error: 'not found: /region, /primary' }];
const UNKNOWN: Answer = [503, { error: 'etcd has not answered lately' }];

const statusAnswer = ({ regions, state, now, door }: RegionServerPorts, path: string): Answer => {
  const status = ownStatus(regions, state, now());
  if (status === undefined) return UNKNOWN;
  if (path === '/region') return [200, door === undefined ? status : door.status(status, streamingOf(status, state))];
  return [status.serving ? 200 : 503, { role: status.serving ? 'primary' : 'replica', state: 'running' }];
};

/** Rows arrive: the newest one is not older than a stream that was cut would leave it. */
const STREAMING_AGE_SECONDS = 3;
const streamingOf = ({ follows }: RegionStatus, { ageSeconds }: State): boolean | null =>
  !follows || ageSeconds === undefined ? null : ageSeconds <= STREAMING_AGE_SECONDS;

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw new ConfigError(`the body: given more than ${MAX_BODY} bytes; allowed: a small JSON object`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** Who is asking, by the certificate of our own authority; undefined: no such certificate. */
const callerOf = (request: IncomingMessage): string | undefined => {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Of several common names none is taken.
  const { CN } = socket.getPeerCertificate().subject as { CN?: string | string[] };
  return typeof CN === 'string' ? CN : undefined;
};

const doorAnswer = async (ports: RegionServerPorts, door: RegionDoor, orderedBy: string, request: IncomingMessage): Promise<Answer> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://door');
  const caller = callerOf(request);
  if (caller === undefined) return [401, { error: "given: no client certificate of this environment's authority; allowed: any of them; fix: present one" }];
  const order = pathname.slice(1);
  if (request.method === 'POST' && isOrder(order)) {
    if (caller !== orderedBy) {
      ports.log('order not allowed', `${caller} may not order ${order}`);
      return [403, { error: `given: the certificate of "${caller}"; allowed: that of "${orderedBy}"; fix: orders are given by the failover's functions` }];
    }
    const answer = await door.order(parseOrder(order, await readBody(request)));
    return [answer.kind === 'done' ? 200 : 409, answer];
  }
  if (request.method !== 'GET')
    return [405, { error: 'GET /region, /primary, /vouch, /members; POST /promise, /withdraw, /promote, /demote, /drain, /prepare' }];
  if (pathname === '/region' || pathname === '/primary') return statusAnswer(ports, pathname);
  if (pathname === '/vouch') {
    const { region, epoch } = parseVouchQuestion(searchParams);
    return [200, await door.vouch(region, epoch)];
  }
  return pathname === '/members' ? [200, await door.members()] : [404, { error: 'not found: /region, /primary, /vouch, /members' }];
};

const answerTo = async (ports: RegionServerPorts, request: IncomingMessage): Promise<Answer> => {
  const { door, regions } = ports;
  if (door === undefined || regions.door === undefined) {
    return request.url === '/region' || request.url === '/primary' ? statusAnswer(ports, request.url) : NOTHING_HERE;
  }
  try {
    return await doorAnswer(ports, door, regions.door.orderedBy, request);
  } catch (error) {
    return error instanceof ConfigError ? [400, { error: error.message }] : [503, { error: reasonOf(error) }];
  }
};

/**
 * The region's word to the other regions: `/region` what it is, `/primary` whether it takes writes (as Patroni's own `/primary` says it of a member). Where regions fail
 * over it is also the door by which the failover looks in and gives its orders (docs/fencing.md).
 * @throws Error (rejects) when the certificate can't be read or the port is taken
 */
export const serveRegion = (ports: RegionServerPorts): Promise<Server> => {
  const { regions, log, door } = ports;
  const { certificate } = regions;
  const material = (): { cert: Buffer; key: Buffer; ca?: Buffer } => ({
    cert: readFileSync(certificate.cert),
    key: readFileSync(certificate.key),
    ...(door === undefined ? {} : { ca: readFileSync(certificate.ca) }),
  });
  // Whoever has no certificate is told so, by an answer; the handshake alone would only break off.
  const clients = door === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const server = createServer({ ...material(), ...clients }, (request, response) => {
    void answerTo(ports, request).then(([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  });
  const reload = setInterval(() => {
    try {
      server.setSecureContext(material());
    } catch (error) {
      log('certificate not reloaded', reasonOf(error));
    }
  }, RELOAD_MS);
  reload.unref();
  server.on('close', () => clearInterval(reload));
  server.on('tlsClientError', () => undefined); // a port scan, or somebody who does not trust us: theirs to tell
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(regions.statusPort, '0.0.0.0', () => {
      server.off('error', fail);
      done(server);
    });
  });
};
