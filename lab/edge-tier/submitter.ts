/** Somebody who hands in receipts, through the gateway. */
import { Agent, request } from 'node:https';
import type { NoncePhase, Submission } from '../../lib/drill/edge/nonces';
import { now } from '../meter/clock';
import { newReceipt, newUser, signedHeaders } from '../meter/signing';
import type { Door } from '../workload-tier/meters';

interface Answer {
  readonly status: number;
  readonly retryAfter: number | null;
  readonly body: string;
  readonly seconds: number;
}

const ANSWER_SECONDS = 15;

const field = (body: string, name: string): unknown => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
  } catch {
    return undefined;
  }
};

/** Everybody who hands something in is another one: what is drilled is not how much one may hand in. */
export class Submitter {
  private readonly agent: Agent;

  constructor(
    private readonly door: Door,
    private readonly gateway: string,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: 2, ca: door.ca, servername: door.host });
  }

  /** @returns null: there was no answer */
  private async post(route: string, body: string): Promise<Answer | null> {
    const began = now();
    const { port, host, base } = this.door;
    const path = `${base}${route}`;
    const length = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    const headers = { host, ...length, ...signedHeaders(newUser(), 'POST', path, body) };
    return new Promise((resolve) => {
      const outgoing = request({ agent: this.agent, host: this.gateway, port, method: 'POST', path, headers, timeout: ANSWER_SECONDS * 1000 });
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
      outgoing.once('error', () => resolve(null));
      outgoing.once('response', (answer) => {
        const chunks: Buffer[] = [];
        const { 'retry-after': after } = answer.headers;
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', () => resolve(null));
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            retryAfter: after === undefined ? null : Number(after),
            body: Buffer.concat(chunks).toString('utf8'),
            seconds: now() - began,
          }),
        );
      });
      outgoing.end(body);
    });
  }

  /** @throws Error when none was issued */
  async challenge(): Promise<string> {
    const answer = await this.post('/challenges', '{}');
    const nonce = answer === null ? undefined : field(answer.body, 'nonce');
    if (answer?.status !== 201 || typeof nonce !== 'string')
      throw new Error(`no challenge was issued: ${answer === null ? 'no answer' : `status ${answer.status}`}`);
    return nonce;
  }

  /** A receipt for this nonce, of somebody new. @param again it had been taken before */
  async submit(nonce: string, phase: NoncePhase, again = false): Promise<Submission> {
    const answer = await this.post('/receipts', newReceipt(nonce));
    const checked = answer === null ? undefined : field(answer.body, 'nonceChecked');
    return {
      phase,
      nonce,
      status: answer?.status ?? null,
      nonceChecked: typeof checked === 'boolean' ? checked : null,
      retryAfter: answer?.retryAfter ?? null,
      seconds: answer?.seconds ?? ANSWER_SECONDS,
      again,
    };
  }

  close(): void {
    this.agent.destroy();
  }
}
