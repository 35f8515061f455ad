/** One HTTPS exchange with a limit for all of it. Plain node:https: the doors want a client's certificate, which fetch() has no way to show. */
import { request as httpsRequest, type RequestOptions } from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const MAX_BODY = 1024 * 1024;

export interface ExchangeLimits {
  /** For all of it. Milliseconds. */
  readonly total: number;
  /** Until there is a connection: who is gone refuses nothing, and is given up sooner than who is slow. Milliseconds. @default - as long as all of it */
  readonly connect?: number;
}

/** A kept connection that the other side had closed meanwhile says nothing about it: another one is made. */
const CLOSED_MEANWHILE = ['ECONNRESET', 'EPIPE'];

/** @throws Error on any failure to get a complete answer in time; a status such as 503 is an answer */
export const exchange = (url: string, options: RequestOptions, limits: ExchangeLimits, body?: string): Promise<HttpAnswer> =>
  new Promise((done, fail) => {
    const { host } = new URL(url);
    const request = httpsRequest(url, options);
    const giveUp = (milliseconds: number, what: string): NodeJS.Timeout =>
      setTimeout(() => request.destroy(new Error(`no ${what} from ${host} within ${milliseconds} ms`)), milliseconds);
    const timer = giveUp(limits.total, 'answer');
    request.on('socket', (socket) => {
      if (!socket.connecting || limits.connect === undefined) return;
      const connecting = giveUp(limits.connect, 'connection');
      const stop = (): void => clearTimeout(connecting);
      socket.once('connect', stop).once('close', stop);
    });
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      finish();
    };
    request.on('error', (error: NodeJS.ErrnoException) =>
      settle(() => {
        if (request.reusedSocket && CLOSED_MEANWHILE.includes(error.code ?? '')) exchange(url, options, limits, body).then(done, fail);
        else fail(error);
      }),
    );
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BODY) request.destroy(new Error(`the answer of ${host} is larger than ${MAX_BODY} bytes`));
        else chunks.push(chunk);
      });
      // `close` without `end` is a connection that broke in the middle; `end` comes first otherwise.
      response.on('close', () => settle(() => fail(new Error(`${host} closed the connection in the middle of its answer`))));
      response.on('error', (error) => settle(() => fail(error)));
      response.on('end', () => settle(() => done({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })));
    });
    request.end(body);
  });
