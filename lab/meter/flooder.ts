/**
 * Who asks for too much: several addresses at a steady rate, over connections that are kept, whatever is answered. One line per address and second:
 * lib/drill/edge/history.ts.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AnswerCount, FloodSecond } from '../../lib/drill/edge/history';
import { now } from './clock';
import { configuration, emit } from './emit';
import type { FlooderConfiguration } from './flooder-configuration';
import { newUser, signedHeaders, type User } from './signing';

/** To each gateway. More would spend the machine on handshakes. */
const SOCKETS_PER_ADDRESS = 4;
/** Of one address. What is due beyond that is not asked: a flooder that waits for answers it has no time to read floods nobody. */
const MOST_UNANSWERED = 128;
/** Requests that are due are made this often. */
const TICK_MS = 20;

const config = configuration() as FlooderConfiguration;
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

interface Tally {
  readonly counts: Map<string, AnswerCount>;
  errors: number;
}
const emptyTally = (): Tally => ({ counts: new Map(), errors: 0 });

const single = (value: string | readonly string[] | undefined): string | null => (typeof value === 'string' ? value : null);

const countAnswer = ({ counts }: Tally, { statusCode = 0, headers }: IncomingMessage): void => {
  const limit = single(headers['x-limit']);
  const seconds = Number(headers['retry-after']);
  const retryAfter = headers['retry-after'] === undefined || !Number.isFinite(seconds) ? null : seconds;
  const key = `${statusCode}/${limit}/${retryAfter}`;
  counts.set(key, { status: statusCode, limit, retryAfter, count: (counts.get(key)?.count ?? 0) + 1 });
};

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const NOT_THERE = `${config.base}/orders/00000000-0000-4000-8000-000000000000`;

const forgedReceipt = (user: User): Question => {
  const body = JSON.stringify({
    nonce: randomBytes(32).toString('base64url'),
    submitter: user.did,
    result: randomBytes(32).toString('hex'),
    signature: randomBytes(64).toString('base64url'),
  });
  return {
    method: 'POST',
    path: `${config.base}/receipts`,
    body,
    headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
  };
};

/** Making a key costs more than using one: names come around again. */
const users = Array.from({ length: config.what === 'orders' ? 0 : config.what === 'greedy-user' ? 1 : 500 }, newUser);

const question = (n: number): Question => {
  const user = users[n % Math.max(1, users.length)];
  if (user === undefined) return { method: 'GET', path: NOT_THERE, headers: {} };
  return config.what === 'forged-receipts' ? forgedReceipt(user) : { method: 'GET', path: NOT_THERE, headers: signedHeaders(user, 'GET', NOT_THERE) };
};

class Flooder {
  private readonly agent: Agent;
  private tally = emptyTally();
  private made = 0;
  private unanswered = 0;
  private second = 1;
  private readonly began = now();

  constructor(
    private readonly address: string,
    private readonly turn: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_PER_ADDRESS, localAddress: address, ca: config.ca, servername: config.host });
  }

  /** What is due since the beginning; nobody makes up for more than a second. */
  tick(): void {
    const due = Math.floor((now() - this.began) * config.requestsPerSecond);
    this.made = Math.max(this.made, due - config.requestsPerSecond);
    for (; this.made < due; this.made++) if (this.unanswered < MOST_UNANSWERED) this.ask(this.made);
    if (now() - this.began >= this.second) this.report();
  }

  private ask(n: number): void {
    const { method, path, headers, body } = question(n);
    const host = config.gateways[(n + this.turn) % config.gateways.length] ?? '';
    const outgoing = request({ agent: this.agent, host, port: config.port, method, path, headers: { host: config.host, ...headers } });
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer')), config.answerSeconds * 1000);
    this.unanswered += 1;
    outgoing.once('close', () => (this.unanswered -= 1));
    outgoing.once('error', () => {
      clearTimeout(timer);
      this.tally.errors += 1;
    });
    outgoing.once('response', (answer) => {
      countAnswer(this.tally, answer);
      answer.resume();
      answer.once('close', () => clearTimeout(timer));
    });
    outgoing.end(body);
  }

  report(): void {
    const { counts, errors } = this.tally;
    const line: FloodSecond = { kind: 'flood', t: now(), address: this.address, answers: [...counts.values()], errors };
    this.tally = emptyTally();
    this.second += 1;
    emit({ ...line });
  }

  close(): void {
    this.report();
    this.agent.destroy();
  }
}

const flooders = config.addresses.map((address, i) => new Flooder(address, i));
const timer = setInterval(() => {
  if (stopping) {
    clearInterval(timer);
    // Errors of what is cut off now are nobody's.
    for (const flooder of flooders) flooder.close();
    setTimeout(() => process.exit(0), 50);
    return;
  }
  for (const flooder of flooders) flooder.tick();
}, TICK_MS);
