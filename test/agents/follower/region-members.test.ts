/** What a region's door hears of its members: from their Patroni, and where that has no time, from the kernel. */
import { once } from 'node:events';
import { createServer as createHttpsServer, Agent, type Server as HttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { askMembers } from '../../../agents/follower/region-members';
import { createAuthority, issueCertificate } from '../../../lab/pki';
import { freePort } from '../../support/free-port';

type Answer = (path: string) => { readonly after: number; readonly body: object } | 'silent';

let certificate: { readonly key: string; readonly certificate: string };
let agent: Agent;
const running: (HttpsServer | Server)[] = [];
const DEADLINE = 1000;

beforeAll(async () => {
  const authority = await createAuthority('test');
  certificate = await issueCertificate(authority, { commonName: 'patroni', alternativeNames: ['IP:127.0.0.1'], usages: ['serverAuth'] });
  agent = new Agent({ ca: authority.certificate });
});
afterEach(() => {
  for (const server of running.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});
afterAll(() => agent.destroy());

const listening = async (server: HttpsServer | Server): Promise<number> => {
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const patroni = async (answer: Answer): Promise<string> => {
  const server = createHttpsServer({ key: certificate.key, cert: certificate.certificate }, ({ url = '' }, response) => {
    const said = answer(url);
    if (said !== 'silent') setTimeout(() => response.end(JSON.stringify(said.body)), said.after);
  });
  return `https://127.0.0.1:${await listening(server)}/primary`;
};
const postgres = (): Promise<number> => listening(createServer((socket) => socket.destroy()));
const ask = async (primaryUrl: string, port: number): Promise<readonly (readonly [string, string])[]> =>
  (await askMembers([{ name: 'pg-0', primaryUrl }], agent, DEADLINE, port)).map(({ role, state }) => [role, state]);

test('Patroni’s word counts, also when nothing listens', async () => {
  const url = await patroni(() => ({ after: 0, body: { role: 'primary', state: 'running', xlog: { location: 5 } } }));
  expect(await ask(url, await freePort())).toEqual([['primary', 'running']]);
});

test('what it can say without its server is asked for when it waits for that', async () => {
  const url = await patroni((path) => (path === '/health' ? { after: 0, body: { role: 'demoted', state: 'stopped' } } : 'silent'));
  expect(await ask(url, await postgres())).toEqual([['demoted', 'stopped']]);
});

test('a Patroni without time to answer, and a kernel that says that nothing listens: PostgreSQL has ended', async () => {
  const begun = performance.now();
  expect(await ask(await patroni(() => 'silent'), await freePort())).toEqual([['unknown', 'stopped']]);
  expect(performance.now() - begun).toBeLessThan(DEADLINE - 100);
});

test('a Patroni that is gone says nothing; nothing listens on the server’s port either', async () =>
  expect(await ask(`https://127.0.0.1:${await freePort()}/primary`, await freePort())).toEqual([['unknown', 'stopped']]));

test('while something listens, silence is no word', async () => expect(await ask(await patroni(() => 'silent'), await postgres())).toEqual([]));

test('an address that can’t be reached says nothing', async () => expect(await ask('https://255.255.255.255:9/primary', 9)).toEqual([]));

test('an address that answers for somebody else is nobody’s', async () => {
  const url = await patroni(() => ({ after: 0, body: { role: 'replica', state: 'running', patroni: { name: 'pg-7' } } }));
  expect(await ask(url, await postgres())).toEqual([]);
});
