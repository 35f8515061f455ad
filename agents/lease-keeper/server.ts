import { createServer, type Server } from 'node:http';

/** A round takes at most two timeouts; a loop that has not turned for so long hangs. */
const HANGING_SECONDS = 30;

export interface PagesPorts {
  readonly listen: { readonly host: string; readonly port: number };
  readonly metrics: () => string;
  /** Seconds since the last round ended. */
  readonly sinceRound: () => number;
}

/** @throws Error (rejects) when the address is taken or not ours */
export const serve = ({ listen, metrics, sinceRound }: PagesPorts): Promise<Server> => {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string): void =>
      void response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
    if (request.url === '/metrics') answer(200, metrics());
    else if (request.url === '/health/live' && sinceRound() < HANGING_SECONDS) answer(200, 'alive\n');
    else if (request.url === '/health/live') answer(503, 'the loop hangs\n');
    else answer(404, 'not found: /metrics, /health/live\n');
  });
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(listen.port, listen.host, () => {
      server.off('error', fail);
      done(server);
    });
  });
};
