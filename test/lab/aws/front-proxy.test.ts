import { buildSync } from 'esbuild';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { addressedTo, invokedFunction } from '../../../lab/aws/addressed';
import { parseFault, type AwsFault } from '../../../lab/aws/faults';
import { FrontProxy, type FrontProxyOptions } from '../../../lab/aws/front-proxy';
import { invokeOn } from '../../../lab/aws/function-client';
import { FunctionHost, serveFunctions } from '../../../lab/aws/function-host';
import type { FunctionDefinition, FunctionFault } from '../../../lab/aws/functions';
import { signIdentity } from '../../../lambdas/aws/sign-identity';
import { IDENTITY_BODY, IDENTITY_HEADERS, STATEMENT_HEADER, statementOf } from '../../../lib/failover/approval-token';
import type { KeyPair } from '../../../lab/aws/signatures';

const scope = (region: string, service: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKID/20261122/${region}/${service}/aws4_request, SignedHeaders=host, Signature=ab`;

describe('whom a request is meant for', () => {
  test('is in the credential scope', () =>
    expect(
      addressedTo({ method: 'POST', url: '/', headers: { authorization: scope('eu-west-2', 'dynamodb'), 'x-amz-target': 'DynamoDB_20120810.UpdateItem' } }),
    ).toEqual({
      region: 'eu-west-2',
      service: 'dynamodb',
      operation: 'UpdateItem',
      signed: true,
    }));
  test('is in the name of a bucket that anybody may read', () =>
    expect(addressedTo({ method: 'GET', url: '/switch/lab', headers: { host: 'holdfast-lab-switch.s3.eu-west-3.amazonaws.com' } })).toEqual({
      region: 'eu-west-3',
      service: 's3',
      operation: 'GET',
      signed: false,
      bucket: 'holdfast-lab-switch',
    }));
  test('is unknown without both', () => expect(addressedTo({ method: 'GET', url: '/', headers: { host: '10.70.0.10' } })).toBeUndefined());
  test.each([
    ['/2015-03-31/functions/holdfast-lab-fence/invocations', 'holdfast-lab-fence'],
    ['/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aholdfast-lab-fence/invocations', 'holdfast-lab-fence'],
    ['/2015-03-31/functions/holdfast-lab-fence', undefined],
  ])('%s invokes %s', (url, name) => expect(invokedFunction(url)).toBe(name));
});

test.each([
  [{ effect: { kind: 'latency', ms: 1 } }, /a name, by which it is healed/],
  [{ name: 'x', effect: { kind: 'explosion' } }, /allowed kinds: latency, error, lost/],
  [{ name: 'x', regions: 'eu-west-1', effect: { kind: 'latency', ms: 1 } }, /regions given "eu-west-1"; allowed: a list/],
])('refuses the fault %j', (fault, reason) => expect(() => parseFault(fault)).toThrow(reason));

describe('the front proxy', () => {
  let directory: string;
  let emulator: Server;
  let front: Server;
  let seen: { readonly headers: IncomingMessage['headers']; readonly url: string; readonly body: string }[];
  let faults: AwsFault[];
  let functionFaults: FunctionFault[];
  const people = new Map<string, KeyPair>();
  let host: FunctionHost;
  let functions: Server;
  let concurrent = { now: 0, most: 0 };
  const socket = (): string => join(directory, 'functions.sock');
  const logs: string[] = [];

  const definition = (name: string, timeoutSeconds = 3): FunctionDefinition => ({
    name,
    region: 'us-east-1',
    bundle: join(directory, 'handlers.mjs'),
    handler: name,
    environment: { GREETING: 'hello' },
    timeoutSeconds,
  });

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-front-'));
    buildSync({ entryPoints: ['lab/aws/function-worker.ts'], outfile: join(directory, 'worker.js'), bundle: true, platform: 'node', format: 'cjs' });
    writeFileSync(
      join(directory, 'handlers.mjs'),
      `let calls = 0;
       export const greet = async (event, context) => ({ said: process.env.GREETING, to: event.name, region: process.env.AWS_REGION, calls: ++calls, left: context.getRemainingTimeInMillis() > 0 });
       export const refuse = () => { const error = new Error('no'); error.name = 'Refused'; throw error; };
       export const die = () => process.exit(7);
       export const sleepy = () => new Promise((resolve) => setTimeout(resolve, 60_000));`,
    );
    host = new FunctionHost({ worker: join(directory, 'worker.js'), environment: {}, log: (line) => logs.push(line) });
    functions = await serveFunctions(host, socket());
  });
  beforeEach(async () => {
    [seen, faults, functionFaults, concurrent] = [[], [], [], { now: 0, most: 0 }];
    emulator = createServer((incoming, response) => {
      concurrent.now += 1;
      concurrent.most = Math.max(concurrent.most, concurrent.now);
      void buffer(incoming).then((body) => {
        seen.push({ headers: incoming.headers, url: incoming.url ?? '', body: body.toString() });
        setTimeout(() => {
          concurrent.now -= 1;
          response.writeHead(200, { 'x-answer': 'emulator' }).end('{"ok":true}');
        }, 10);
      });
    });
    await new Promise<void>((resolve) => emulator.listen(0, '127.0.0.1', resolve));
    const options: FrontProxyOptions = {
      emulatorPort: (emulator.address() as AddressInfo).port,
      leaseRegions: ['eu-west-1', 'eu-west-2'],
      faults: () => faults,
      functions: () => [definition('greet'), definition('refuse'), definition('die'), definition('sleepy', 1)],
      people: () => people,
      takeFunctionFault: (name) => functionFaults.splice(0).find((fault) => fault.function === name),
      invoke: (invocation) => invokeOn(socket(), invocation),
      log: (line) => logs.push(line),
      random: () => 0.5,
    };
    front = createServer(new FrontProxy(options).listener);
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    front.closeAllConnections();
    emulator.closeAllConnections();
    await Promise.all([front, emulator].map((server) => new Promise((resolve) => server.close(resolve))));
  });
  afterAll(async () => {
    host.close();
    await new Promise((resolve) => functions.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });

  interface Answer {
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }
  const send = (headers: Readonly<Record<string, string>>, path = '/', body = '{}', timeoutMs = 5_000): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port } = front.address() as AddressInfo;
      const outgoing = request({ host: '127.0.0.1', port, method: body === '' ? 'GET' : 'POST', path, headers, timeout: timeoutMs, agent: false }, (answer) => {
        void buffer(answer).then((text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text.toString() }));
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const invoke = (name: string, region = 'us-east-1', event: unknown = { name: 'Ada' }): Promise<Answer> =>
    send({ authorization: scope(region, 'lambda') }, `/2015-03-31/functions/${name}/invocations`, JSON.stringify(event));

  test('passes requests on as they are, and the answers back', async () => {
    const answer = await send({ authorization: scope('us-east-1', 'states'), 'x-amz-target': 'AWSStepFunctions.StartExecution' });
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}', headers: { 'x-answer': 'emulator' } });
    expect(seen[0]?.headers.authorization).toBe(scope('us-east-1', 'states'));
  });
  test("makes one table of the lease regions', and leaves other regions' tables alone", async () => {
    for (const region of ['eu-west-2', 'eu-west-1', 'us-east-1']) await send({ authorization: scope(region, 'dynamodb') });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['eu-west-1', 'eu-west-1', 'us-east-1'].map((region) => scope(region, 'dynamodb')));
  });
  test("carries DynamoDB's requests out one after the other", async () => {
    await Promise.all(Array.from({ length: 5 }, () => send({ authorization: scope('eu-west-1', 'dynamodb') })));
    expect(concurrent.most).toBe(1);
    await Promise.all(Array.from({ length: 5 }, () => send({ authorization: scope('eu-west-1', 's3') })));
    expect(concurrent.most).toBeGreaterThan(1);
  });
  test("leaves a bucket in the host's name: the emulator finds it there", async () => {
    await send({ host: 'b.s3.eu-west-3.amazonaws.com' }, '/switch/lab', '');
    expect(seen[0]).toMatchObject({ url: '/switch/lab', headers: { host: 'b.s3.eu-west-3.amazonaws.com' } });
  });
  describe('who somebody is', () => {
    const ada: KeyPair = { accessKeyId: 'KEYADA', secretAccessKey: 'secret of ada' };
    const ask = async (credentials: KeyPair, change: (headers: Readonly<Record<string, string>>) => Readonly<Record<string, string>> = (h) => h) => {
      const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const question = { environment: 'lab', attempt: 'lab-1', epoch: 1 };
      const signed = await signIdentity(question, 'approve', { endpoint, region: 'us-east-1', claims: 'x', credentials });
      const { authorization, date } = signed;
      const headers = { ...IDENTITY_HEADERS, authorization, 'x-amz-date': date, [STATEMENT_HEADER]: statementOf(question, 'approve') };
      return (await send(change(headers), '/', IDENTITY_BODY)).status;
    };
    beforeEach(() => void people.set(ada.accessKeyId, ada));

    test('is proven by what was signed with the secret', async () => expect(await ask(ada)).toBe(200));
    test.each<[string, () => Promise<number>]>([
      ['a guessed secret', () => ask({ ...ada, secretAccessKey: 'guessed' })],
      ['a key that nobody has', () => ask({ ...ada, accessKeyId: 'KEYEVE' })],
      ['a statement that was changed afterwards', () => ask(ada, (h) => ({ ...h, [STATEMENT_HEADER]: 'approve lab lab-2 epoch 2' }))],
      ['a signature of an hour ago', () => ask(ada, (h) => ({ ...h, 'x-amz-date': '20260101T000000Z' }))],
      ['no signature at all', () => ask(ada, (h) => ({ ...h, authorization: scope('us-east-1', 'sts') }))],
    ])('is not proven by %s', async (_, status) => {
      expect(await status()).toBe(403);
      expect(seen).toHaveLength(0);
    });
  });
  test('lets nobody reach a region that is lost, and everybody else go on', async () => {
    faults = [{ name: 'gone', regions: ['eu-west-1'], effect: { kind: 'lost', what: 'request', how: 'silence' } }];
    await expect(send({ authorization: scope('eu-west-1', 'dynamodb') }, '/', '{}', 300)).rejects.toThrow('timed out');
    expect((await send({ authorization: scope('eu-west-2', 'dynamodb') })).status).toBe(200);
    expect(seen).toHaveLength(1);
  });
  test('resets connections where that is what happens', async () => {
    faults = [{ name: 'gone', regions: ['eu-west-1'], services: ['s3'], effect: { kind: 'lost', what: 'request', how: 'reset' } }];
    await expect(send({ authorization: scope('eu-west-1', 's3') })).rejects.toThrow('ECONNRESET');
    expect((await send({ authorization: scope('eu-west-1', 'dynamodb') })).status).toBe(200);
  });
  test('carries a request out whose answer is lost', async () => {
    faults = [{ name: 'gone', effect: { kind: 'lost', what: 'answer', how: 'reset' } }];
    await expect(send({ authorization: scope('eu-west-1', 'dynamodb') })).rejects.toThrow('ECONNRESET');
    expect(seen).toHaveLength(1);
  });
  test('answers so many requests with an error of the service, and delays', async () => {
    faults = [
      { name: 'half', effect: { kind: 'error', status: 503, code: 'ServiceUnavailable', share: 0.6 } },
      { name: 'slow', operations: ['Invoke'], effect: { kind: 'latency', ms: 150 } },
    ];
    const started = Date.now();
    expect(await invoke('greet')).toMatchObject({ status: 503, headers: { 'x-amzn-errortype': 'ServiceUnavailable' } });
    expect(Date.now() - started).toBeGreaterThanOrEqual(140);
    expect(seen).toHaveLength(0);
    faults = [{ name: 'seldom', effect: { kind: 'error', status: 503, code: 'ServiceUnavailable', share: 0.4 } }];
    expect((await invoke('greet')).status).toBe(200);
  });
  test('tells apart callers by where they are', async () => {
    faults = [{ name: 'cut off', from: '10.60.', effect: { kind: 'lost', what: 'request', how: 'reset' } }];
    expect((await send({ authorization: scope('eu-west-1', 's3') })).status).toBe(200);
    faults = [{ name: 'cut off', from: '127.0.0.', effect: { kind: 'lost', what: 'request', how: 'reset' } }];
    await expect(send({ authorization: scope('eu-west-1', 's3') })).rejects.toThrow('ECONNRESET');
  });

  test('runs our handlers, in a process that is kept, with their variables', async () => {
    const answer = await invoke('greet');
    expect(JSON.parse(answer.body)).toMatchObject({ said: 'hello', to: 'Ada', region: 'us-east-1', left: true });
    const calls = (JSON.parse(answer.body) as { calls: number }).calls;
    expect(JSON.parse((await invoke('greet')).body)).toMatchObject({ calls: calls + 1 });
    expect(seen).toHaveLength(0);
  });
  test("hands a handler's error on as Lambda does", async () => {
    const answer = await invoke('refuse');
    expect(answer).toMatchObject({ status: 200, headers: { 'x-amz-function-error': 'Unhandled' } });
    expect(JSON.parse(answer.body)).toMatchObject({ errorType: 'Refused', errorMessage: 'no' });
  });
  test('survives a function that ends its process', async () => {
    expect(JSON.parse((await invoke('die')).body)).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 7') });
    expect((await invoke('greet')).headers['x-amz-function-error']).toBeUndefined();
  });
  test('ends a function whose time is up', async () =>
    expect(JSON.parse((await invoke('sleepy')).body)).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('after 1.00 seconds'),
    }));
  test('knows no function of that name in another region', async () => expect((await invoke('greet', 'eu-central-1')).status).toBe(404));

  test('kills a function before its handler ran, once', async () => {
    functionFaults = [{ name: 'f', function: 'greet', when: 'before', afterMs: 0, times: 1 }];
    const calls = (JSON.parse((await (functionFaults.splice(0), invoke('greet'))).body) as { calls: number }).calls;
    functionFaults = [{ name: 'f', function: 'greet', when: 'before', afterMs: 0, times: 1 }];
    expect(JSON.parse((await invoke('greet')).body)).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(JSON.parse((await invoke('greet')).body)).toMatchObject({ calls: calls + 1 });
  });
  test('kills a function after it has done its work', async () => {
    const calls = (JSON.parse((await invoke('greet')).body) as { calls: number }).calls;
    functionFaults = [{ name: 'f', function: 'greet', when: 'after', afterMs: 0, times: 1 }];
    expect(JSON.parse((await invoke('greet')).body)).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(JSON.parse((await invoke('greet')).body)).toMatchObject({ calls: calls + 2 });
  });
  test('kills a function in the middle of its work', async () => {
    functionFaults = [{ name: 'f', function: 'sleepy', when: 'during', afterMs: 100, times: 1 }];
    const started = Date.now();
    expect(JSON.parse((await invoke('sleepy')).body)).toMatchObject({ errorMessage: expect.stringContaining('signal: killed') });
    expect(Date.now() - started).toBeLessThan(900);
  });
});
