/** One client's way to the gateways, over TLS that is verified, from inside the lab's network. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { now } from './clock';
import type { HttpMeterConfiguration } from './http-configuration';
import { signedHeaders, type User } from './signing';

/** A gateway that was not reached is not asked again for so long while there are others: as a load balancer takes it out. */
const SHUN_SECONDS = 5;

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** The same whenever this is sent again. */
  readonly idempotencyKey?: string;
}

export interface Answer {
  readonly status: number;
  readonly release: string | null;
  readonly pod: string | null;
  /** After how many seconds the client is asked to come again, if it is. */
  readonly retryAfter: number | null;
  readonly body: string;
}

/** No connection was made: certainly nobody saw the request. */
export class NotReachedError extends Error {}

/** Which gateway to ask; shared by a client's streams. */
export class Gateways {
  private readonly shunned = new Map<string, number>();

  constructor(private readonly addresses: readonly string[]) {}

  nearest(): string {
    const willing = this.addresses.find((address) => now() - (this.shunned.get(address) ?? 0) > SHUN_SECONDS);
    const address = willing ?? [...this.addresses].sort((a, b) => (this.shunned.get(a) ?? 0) - (this.shunned.get(b) ?? 0))[0];
    if (address === undefined) throw new Error('gateways: given none; allowed: at least one address');
    return address;
  }

  shun(address: string): void {
    this.shunned.set(address, now());
  }
}

const text = (value: string | readonly string[] | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);

const answerOf = ({ statusCode = 0, headers }: IncomingMessage, body: string): Answer => {
  const seconds = Number(headers['retry-after']);
  return {
    status: statusCode,
    release: text(headers['x-release']),
    pod: text(headers['x-pod']),
    retryAfter: headers['retry-after'] === undefined || !Number.isFinite(seconds) ? null : seconds,
    body,
  };
};

/** Of one stream: one connection that is kept, or a new one for each request. */
export class Connection {
  private readonly agent: Agent;

  constructor(
    private readonly config: HttpMeterConfiguration,
    kept: boolean,
  ) {
    this.agent = new Agent({ keepAlive: kept, maxSockets: 1, maxCachedSessions: 0, ca: config.ca, servername: config.host });
  }

  /** @throws NotReachedError, or Error when no answer came: it is open then whether anybody acted on the request */
  ask(gateway: string, question: Question, user: User): Promise<Answer> {
    const { port, connectSeconds, answerSeconds } = this.config;
    const { method, path, body } = question;
    return new Promise((resolve, reject) => {
      let connected = false;
      const outgoing = request({ agent: this.agent, host: gateway, port, method, path, headers: this.headers(question, user) });
      const give = (seconds: number, what: string): NodeJS.Timeout =>
        setTimeout(() => outgoing.destroy(new Error(`${what} within ${seconds} s`)), seconds * 1000);
      const connecting = give(connectSeconds, 'no connection');
      const answering = give(answerSeconds, 'no answer');
      const settle = (): void => [connecting, answering].forEach(clearTimeout);
      const onConnected = (): void => {
        connected = true;
        clearTimeout(connecting);
      };
      outgoing.on('socket', (socket) => {
        if (outgoing.reusedSocket) onConnected();
        else socket.once('secureConnect', onConnected);
      });
      const failed = (error: Error): void => {
        settle();
        reject(connected ? error : new NotReachedError(error.message, { cause: error }));
      };
      outgoing.on('error', failed);
      outgoing.on('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', failed);
        answer.on('end', () => {
          settle();
          resolve(answerOf(answer, Buffer.concat(chunks).toString('utf8')));
        });
      });
      outgoing.end(body);
    });
  }

  private headers({ method, path, body, idempotencyKey }: Question, user: User): Readonly<Record<string, string>> {
    const length = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    const key = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    return { host: this.config.host, ...signedHeaders(user, method, path, body), ...length, ...key };
  }

  close(): void {
    this.agent.destroy();
  }
}
