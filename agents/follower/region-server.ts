import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { NO_ROLE, type RegionStatus } from '../../lib/failover/region-role';
import type { RegionsConfig } from '../../lib/services/follower';
import { sameAddress } from './decide';
import { reasonOf, type Log } from './log';
import type { State } from './state';

/** What a region says must be fresh: an older reading is no word of its own etcd. */
const MAX_AGE_MS = 3_000;
const RELOAD_MS = 30_000;

/** What this region is; undefined: its etcd has not said so lately. */
export const ownStatus = ({ self }: RegionsConfig, state: State, now: number): RegionStatus | undefined => {
  const { reading, route, pooler, paused } = state;
  if (reading?.role === undefined || !reading.linearizable || now - reading.at > MAX_AGE_MS) return undefined;
  const { initialized, follows, epoch, primary } = reading.role ?? NO_ROLE;
  const routed = route !== undefined && reading.leader?.member === route.member && pooler.kind === 'serving' && sameAddress(pooler, route);
  return { region: self, initialized, follows, epoch, primary, serving: initialized && !follows && routed && !paused };
};

/**
 * The region's word to the other regions: `/region` what it is, `/primary` whether it takes writes (as Patroni's own `/primary` says it of a member).
 * @throws Error (rejects) when the certificate can't be read or the port is taken
 */
export const serveRegion = (regions: RegionsConfig, state: State, now: () => number, log: Log): Promise<Server> => {
  const { certificate } = regions;
  const material = (): { cert: Buffer; key: Buffer } => ({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) });
  const server = createServer(material(), (request, response) => {
    const status = ownStatus(regions, state, now());
    const answer = (code: number, body: unknown): void => void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (status === undefined) answer(503, { error: 'etcd has not answered lately' });
    else if (request.url === '/region') answer(200, status);
    else if (request.url === '/primary') answer(status.serving ? 200 : 503, { role: status.serving ? 'primary' : 'replica', state: 'running' });
    else answer(404, { error: 'not found: /region, /primary' });
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
