import { request as httpsRequest, type Agent } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'PATCH';
  readonly url: string;
  readonly body?: string;
  readonly agent: Agent;
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole exchange, connecting included, may take so long. */
  readonly timeoutMs: number;
}

const MAX_BODY = 4 * 1024 * 1024;

export const open = ({ method, url, agent, headers }: Omit<HttpRequest, 'timeoutMs'>): ClientRequest =>
  httpsRequest(url, { method, agent, headers: { 'content-type': 'application/json', ...headers } });

/** @throws Error on any failure to get a complete answer in time; a status such as 503 is an answer */
export const exchange = (wanted: HttpRequest): Promise<HttpAnswer> =>
  new Promise((done, fail) => {
    const request = open(wanted);
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer from ${new URL(wanted.url).host} within ${wanted.timeoutMs / 1000} s`)),
      wanted.timeoutMs,
    );
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      finish();
    };
    request.on('error', (error) => settle(() => fail(error)));
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BODY) request.destroy(new Error(`the answer of ${new URL(wanted.url).host} is larger than ${MAX_BODY} bytes`));
        else chunks.push(chunk);
      });
      // `close` without `end` is a connection that broke in the middle; `end` comes first otherwise.
      response.on('close', () => settle(() => fail(new Error(`${new URL(wanted.url).host} closed the connection in the middle of its answer`))));
      response.on('error', (error) => settle(() => fail(error)));
      response.on('end', () => settle(() => done({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })));
    });
    request.end(wanted.body);
  });
