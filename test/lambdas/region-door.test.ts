import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { HttpsDoor } from '../../lambdas/aws/region-door';
import { POOLER_NAME } from '../../lib/topology/regions';
import type { RegionSettings } from '../../lib/failover/settings';

const folder = mkdtempSync(join(tmpdir(), 'doors-'));
const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });

beforeAll(() => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
  );
  for (const [name, subject, san] of [
    ['door', '/CN=door', `DNS:${POOLER_NAME}`],
    ['client', '/CN=holdfast-failover', 'DNS:failover'],
  ] as const) {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      subject,
      '-addext',
      `subjectAltName=${san}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.crt`,
      '-days',
      '2',
      '-copy_extensions',
      'copy',
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const STATUS = {
  region: 'us-east-1',
  initialized: true,
  follows: true,
  epoch: 7,
  primary: 'eu-central-1',
  serving: false,
  promised: null,
  streaming: true,
  vouchedAt: null,
};
const ROLE = { initialized: true, follows: true, epoch: 7 };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Answer = (path: string, body: string, who: string) => { readonly status: number; readonly body: unknown } | undefined;

const whoIs = (socket: object): string => ('getPeerCertificate' in socket ? String((socket as TLSSocket).getPeerCertificate().subject.CN) : 'nobody');

/** @returns its port */
const door = (answer: Answer, address = '127.0.0.1', port = 0): Promise<number> => {
  const server = createServer(
    { cert: file('door.crt'), key: file('door.key'), ca: file('ca.crt'), requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const said = answer(request.url ?? '', Buffer.concat(chunks).toString(), whoIs(request.socket));
        if (said !== undefined) response.writeHead(said.status).end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
      });
    },
  );
  servers.push(server);
  return new Promise((done) => server.listen(port, address, () => done((server.address() as { port: number }).port)));
};
const clientOf = (port: number, doors: readonly string[] = ['127.0.0.1']): HttpsDoor => {
  const region = { name: 'us-east-1', doors, doorPort: port } as unknown as RegionSettings;
  return new HttpsDoor(region, () => Promise.resolve({ cert: file('client.crt'), key: file('client.key'), ca: file('ca.crt') }), 1000);
};

test('a region is asked by its own certificate, and gives its word', async () => {
  let asked = '';
  const port = await door((path, _, who) => ((asked = `${who} ${path}`), { status: 200, body: STATUS }));
  expect(await clientOf(port).status()).toEqual(STATUS);
  expect(asked).toBe('holdfast-failover /region');
});

test('an order carries its epoch and execution; its refusal is an answer, with the reason', async () => {
  const port = await door((path, body) => ({ status: 409, body: { kind: 'refused', because: `${path} ${body}`, role: ROLE } }));
  expect(await clientOf(port).promote({ epoch: 8, execution: 'production-7' })).toEqual({
    kind: 'refused',
    because: '/promote {"epoch":8,"execution":"production-7"}',
    role: ROLE,
  });
});

test.each<[string, Answer]>([
  ['the word of another region', () => ({ status: 200, body: { ...STATUS, region: 'eu-central-1' } })],
  ['half a word', () => ({ status: 200, body: { region: 'us-east-1' } })],
  ["a proxy's page", () => ({ status: 502, body: '<html>Bad gateway</html>' })],
  ['silence', () => undefined],
])('%s is no answer', async (_, answer) => {
  await expect(clientOf(await door(answer)).status()).rejects.toMatchObject({ name: 'NoAnswer', message: expect.stringContaining('us-east-1 /region') });
});

test('a zone that is lost costs less than a time-out: the next door is asked meanwhile', async () => {
  const port = await door(() => undefined);
  await door(() => ({ status: 200, body: STATUS }), '127.0.0.2', port);
  const began = performance.now();
  expect(await clientOf(port, ['127.0.0.1', '127.0.0.2']).status()).toEqual(STATUS);
  expect(performance.now() - began).toBeLessThan(1000);
});

test('a region that is gone is given up in about a second, all of its doors', async () => {
  // Reserved for documentation: nobody answers, and nobody refuses.
  const began = performance.now();
  await expect(clientOf(9443, ['192.0.2.1', '192.0.2.2', '192.0.2.3']).status()).rejects.toMatchObject({ name: 'NoAnswer' });
  expect(performance.now() - began).toBeLessThan(1450);
});

test('a connection that was closed while nobody used it is made anew', async () => {
  const port = await door(() => ({ status: 200, body: STATUS }));
  const client = clientOf(port);
  await client.status();
  servers[0]?.closeIdleConnections();
  expect(await client.status()).toEqual(STATUS);
});

test('who shows no certificate of the authority is not spoken with, and whose certificate is none of it is not believed', async () => {
  const port = await door(() => ({ status: 200, body: STATUS }));
  const stranger = new HttpsDoor({ name: 'us-east-1', doors: ['127.0.0.1'], doorPort: port }, () =>
    Promise.resolve({ cert: file('client.crt'), key: file('client.key'), ca: file('client.crt') }),
  );
  await expect(stranger.status()).rejects.toMatchObject({ name: 'NoAnswer' });
});
