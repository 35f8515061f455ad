/** What stands before the emulator: knows regions, injects faults, runs our functions, and makes one linearised table of the lease's replicas. */
import { randomUUID } from 'node:crypto';
import {
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { addressedTo, invokedFunction, withRegion, type Addressed } from './addressed';
import { fateOf, type AwsFault, type Fate } from './faults';
import { authorizationOf, judgeSignature, type KeyPair, type SignatureVerdict } from './signatures';
import type { FunctionDefinition, FunctionFault, Invocation, InvocationResult } from './functions';

export interface FrontProxyOptions {
  /** The emulator, on loopback. */
  readonly emulatorPort: number;
  /** Regions whose DynamoDB is one and the same strongly consistent table; the first one's is where it is kept. */
  readonly leaseRegions: readonly string[];
  readonly faults: () => readonly AwsFault[];
  readonly functions: () => readonly FunctionDefinition[];
  /** What strikes the next invocation of a function, if anything; counts it. */
  readonly takeFunctionFault: (name: string, region: string) => FunctionFault | undefined;
  readonly invoke: (invocation: Invocation) => Promise<InvocationResult>;
  /** Whose signatures are checked where it matters who somebody is (STS), by access key id. */
  readonly people: () => ReadonlyMap<string, KeyPair>;
  readonly log: (line: string) => void;
  readonly random?: () => number;
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void =>
  void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(JSON.stringify(body));

const pause = (ms: number): Promise<void> => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms)));

/** The access key id of the lab's own programs. */
export const LAB_KEY = 'lab';
const STS_REFUSALS: Readonly<Record<SignatureVerdict, string | undefined>> = {
  right: undefined,
  wrong: 'SignatureDoesNotMatch',
  expired: 'ExpiredToken',
  'unknown key': 'InvalidClientTokenId',
};
const stsError = (code: string): string => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>refused</Message></Error></ErrorResponse>`;

export class FrontProxy {
  /** DynamoDB's requests wait for each other: one order of all of them, which is what strong consistency means. */
  private table: Promise<unknown> = Promise.resolve();
  private readonly random: () => number;

  constructor(private readonly options: FrontProxyOptions) {
    this.random = options.random ?? Math.random;
  }

  readonly listener: RequestListener = (incoming, response) => {
    this.serve(incoming, response).catch((error: unknown) => {
      this.options.log(`${incoming.method ?? ''} ${incoming.url ?? ''}: ${String(error)}`);
      if (!response.headersSent) json(response, 500, { __type: 'InternalServerError', message: String(error) });
      else response.destroy();
    });
  };

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // Read at once, also of requests that get no answer: who sends must be able to finish.
    const body = await buffer(incoming);
    const addressed = addressedTo({ method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers });
    if (addressed === undefined)
      return void json(response, 400, { __type: 'MissingAuthenticationToken', message: 'neither signature nor host names a region' });
    const fate = fateOf(this.options.faults(), { ...addressed, from: incoming.socket.remoteAddress ?? '' }, this.random);
    await pause(fate.latencyMs);
    if (fate.lost?.what === 'request') return void lose(response, fate);
    if (fate.error !== undefined)
      return void json(response, fate.error.status, { __type: fate.error.code, message: 'injected' }, { 'x-amzn-errortype': fate.error.code });
    if (addressed.service === 'sts') {
      const code = await this.refusal(incoming, body);
      if (code !== undefined) return void response.writeHead(403, { 'content-type': 'text/xml' }).end(stsError(code));
    }
    await this.carryOut(incoming, body, addressed, fate, response);
  }

  /** @returns STS's word against who asks. Programs of the lab itself have a key that nobody has the secret of. */
  private async refusal({ method = 'POST', url = '/', headers }: IncomingMessage, body: Buffer): Promise<string | undefined> {
    if (authorizationOf(headers.authorization)?.accessKeyId === LAB_KEY) return undefined;
    const verdict = await judgeSignature({ method, url, headers, body: body.toString('utf8') }, this.options.people(), Date.now());
    return STS_REFUSALS[verdict];
  }

  private async carryOut(incoming: IncomingMessage, body: Buffer, addressed: Addressed, fate: Fate, response: ServerResponse): Promise<void> {
    const name = invokedFunction(incoming.url ?? '');
    if (name !== undefined) return this.runFunction(name, incoming, body, addressed, fate, response);
    const answer = await (addressed.service === 'dynamodb'
      ? this.inOrder(() => this.forward(incoming, body, addressed))
      : this.forward(incoming, body, addressed));
    if (fate.lost?.what === 'answer') return void lose(response, fate);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private inOrder<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.table.then(work, work);
    this.table = turn.catch(() => undefined); // its own caller hears of it
    return turn;
  }

  private async runFunction(name: string, incoming: IncomingMessage, body: Buffer, { region }: Addressed, fate: Fate, response: ServerResponse): Promise<void> {
    const definition = this.options.functions().find((f) => f.name === name && f.region === region);
    if (definition === undefined)
      return void json(
        response,
        404,
        { Type: 'User', Message: `Function not found: ${name} in ${region}` },
        { 'x-amzn-errortype': 'ResourceNotFoundException' },
      );
    const fault = this.options.takeFunctionFault(name, region);
    const asynchronous = incoming.headers['x-amz-invocation-type'] === 'Event';
    const invocation: Invocation = {
      requestId: randomUUID(),
      definition,
      payload: body.length === 0 ? '{}' : body.toString('utf8'),
      ...(fault === undefined ? {} : { fault }),
    };
    const running = this.options.invoke(invocation);
    if (asynchronous) {
      running.catch((error: unknown) => this.options.log(`${name}: ${String(error)}`));
      return void response.writeHead(202).end();
    }
    const { payload, failed } = await running;
    if (fate.lost?.what === 'answer') return void lose(response, fate);
    response
      .writeHead(200, { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST', ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}) })
      .end(payload);
  }

  private forward(incoming: IncomingMessage, body: Buffer, addressed: Addressed): Promise<Answer> {
    const { emulatorPort, leaseRegions } = this.options;
    const headers: OutgoingHttpHeaders = { ...incoming.headers, 'content-length': String(body.length) };
    delete headers['transfer-encoding'];
    const [keeper] = leaseRegions;
    const { authorization } = incoming.headers;
    if (addressed.service === 'dynamodb' && keeper !== undefined && leaseRegions.includes(addressed.region) && authorization !== undefined)
      headers['authorization'] = withRegion(authorization, keeper);
    return forward({ host: '127.0.0.1', port: emulatorPort, method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers }, body);
  }
}

/** Nobody answers: the client finds out by its own timeout, or at once. */
const lose = (response: ServerResponse, { lost }: Fate): void => {
  if (lost?.how === 'reset') response.socket?.resetAndDestroy();
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const forward = (options: RequestOptions, body: Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(options, (answer) => {
      buffer(answer).then((text) => {
        // Ours sets the length; the connection is ours, too.
        const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !['connection', 'transfer-encoding'].includes(name)));
        resolve({ status: answer.statusCode ?? 502, headers, body: text });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
