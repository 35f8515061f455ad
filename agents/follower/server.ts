import { createServer, type Server } from 'node:http';
import { renderMetrics, type Metrics } from './metrics';
import type { State } from './state';

/** A loop's longest turn: every endpoint of etcd may use up its time, twice. A loop that has not turned for so long hangs. */
const HANGING_MS = 30_000;

const PAGES: Readonly<Record<string, (state: State, metrics: Metrics, now: number) => readonly [status: number, body: string]>> = {
  '/health/live': (state, _, now) => (now - Math.min(state.readAt, state.actedAt) < HANGING_MS ? [200, 'alive\n'] : [503, 'a loop hangs\n']),
  '/health/ready': (_, metrics) => (metrics.ready ? [200, 'PgBouncer uses a confirmed route\n'] : [503, 'PgBouncer uses no confirmed route\n']),
  // Who is logged in at PgBouncer, for a rotation that waits until nobody uses the old login; unknown is never nobody.
  '/clients': ({ clients }, _, now) =>
    clients === undefined ? [503, 'not known yet\n'] : [200, `${JSON.stringify({ ageSeconds: (now - clients.at) / 1000, byUser: clients.byUser })}\n`],
  '/metrics': (_, metrics, now) => [200, renderMetrics(metrics, now)],
};

/** @throws Error (rejects) when the address is taken or not ours */
export const serve = (listen: { readonly host: string; readonly port: number }, state: State, metrics: Metrics, now: () => number): Promise<Server> => {
  const server = createServer((request, response) => {
    const page = PAGES[(request.url ?? '').split('?')[0] ?? ''];
    const [status, body] =
      request.method !== 'GET' && request.method !== 'HEAD' ? [405, 'GET only\n'] : page ? page(state, metrics, now()) : [404, 'not found\n'];
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
  });
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(listen.port, listen.host, () => {
      server.off('error', fail);
      done(server);
    });
  });
};
