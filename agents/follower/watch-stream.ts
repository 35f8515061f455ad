import type { IncomingMessage } from 'node:http';
import { parseWatch } from './etcd-codec';
import { open, type HttpRequest } from './http';
import { reasonOf } from './log';

/** A watch that has said nothing for so long is opened anew: a black-holed one is as silent as a healthy one, and a new one costs little. */
export const SILENCE_MS = 10_000;
/** etcd acknowledges a watch at once; an endpoint that has not by then is not in order. */
export const OPENING_MS = 2_000;
const MAX_LINE = 1024 * 1024;

export type WatchRequest = Pick<HttpRequest, 'url' | 'agent' | 'headers' | 'body'>;

/** Why a watch ended that was healthy as far as one can tell. */
export const SILENT = 'it was silent for long';
export const STOPPED = 'it was stopped';

/**
 * Opens one watch and reports the revision of each of its messages.
 * @param onMessage called for the acknowledgement, every change and every progress notice
 * @returns why it ended; never throws
 */
export const watchStream = (wanted: WatchRequest, onMessage: (revision: number) => void, stop: AbortSignal): Promise<string> =>
  new Promise((done) => {
    const request = open({ method: 'POST', ...wanted });
    let timer = setTimeout(() => end(`no answer within ${OPENING_MS / 1000} s`), OPENING_MS);
    const onStop = (): void => end(STOPPED);
    const end = (why: string): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      request.destroy();
      done(why);
    };
    const onLine = (line: string): void => {
      const message = parseWatch(line);
      if (message.kind === 'cancelled') return end(message.because);
      clearTimeout(timer);
      timer = setTimeout(() => end(SILENT), SILENCE_MS);
      onMessage(message.revision);
    };
    if (stop.aborted) return end(STOPPED);
    stop.addEventListener('abort', onStop);
    request.on('error', (error) => end(reasonOf(error)));
    request.on('response', (response) => readLines(response, onLine, end));
    request.end(wanted.body);
  });

const readLines = (response: IncomingMessage, onLine: (line: string) => void, end: (why: string) => void): void => {
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) return end('a message without an end');
    try {
      lines.filter((line) => line.trim() !== '').forEach(onLine);
    } catch (error) {
      end(reasonOf(error));
    }
  });
  response.on('error', (error) => end(reasonOf(error)));
  response.on('close', () => end(response.statusCode === 200 ? 'etcd ended it' : `etcd answered ${response.statusCode ?? 0}: ${rest.slice(0, 160)}`));
};
