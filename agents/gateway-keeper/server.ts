import { createServer, type Server } from 'node:http';
import { prometheusText, type Sample } from '../prometheus-text';
import { CARGOES, isComplete, type KeeperState } from './keep';

/** A look takes milliseconds, and HAProxy's socket is given up after 5 s; a loop that has not turned for so long hangs. */
const HANGING_MS = 60_000;

/** Prometheus' text format. A figure that is not known is left out: it is not zero. */
export const renderMetrics = (state: KeeperState): string =>
  prometheusText('holdfast_gateway_', [
    [
      'certificate_not_after_seconds',
      'gauge',
      'When the certificate expires that the gateway was given.',
      state.notAfter === null ? undefined : state.notAfter.getTime() / 1000,
    ],
    ['blocklist_entries', 'gauge', 'Entries of the blocklist that the gateway refuses.', state.blocked ?? undefined],
    ['emergency_limits', 'gauge', 'Whether the limits of an emergency apply.', state.emergency === null ? undefined : Number(state.emergency)],
    ...CARGOES.flatMap((cargo): Sample[] => [
      [`${cargo}_applied_total`, 'counter', 'How often the gateway was told.', state.applied.get(cargo) ?? 0],
      [`${cargo}_problem`, 'gauge', 'Whether a file says something that can’t be used; the gateway keeps what it has.', Number(state.problems.has(cargo))],
    ]),
  ]);

type Page = readonly [status: number, body: string];

const PAGES: Readonly<Record<string, (state: KeeperState, now: number) => Page>> = {
  '/health/live': (state, now) => (now - state.turnedAt < HANGING_MS ? [200, 'alive\n'] : [503, 'the loop hangs\n']),
  '/health/ready': (state) =>
    isComplete(state) ? [200, 'the gateway has everything\n'] : [503, `${[...state.problems.values()].join('; ') || 'the gateway is not there yet'}\n`],
  '/metrics': (state) => [200, renderMetrics(state)],
};

/** @throws Error (rejects) when the address is taken or not ours */
export const serve = (listen: { readonly host: string; readonly port: number }, state: KeeperState, now: () => number): Promise<Server> => {
  const server = createServer((request, response) => {
    const page = PAGES[(request.url ?? '').split('?')[0] ?? ''];
    const [status, body] = page === undefined ? ([404, 'not found\n'] as const) : page(state, now());
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
