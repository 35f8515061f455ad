import { request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { serveApi } from '../../../agents/metrics-adapter/server';
import { createAuthority, issueCertificate, type KeyPair } from '../../../lab/pki';
import { describeIf, programs } from '../../support/requires';

describeIf(programs('openssl'), 'who may ask the metrics adapter', () => {
  let server: Server;
  let own: KeyPair;
  let proxy: KeyPair;
  let stranger: KeyPair;
  let colleague: KeyPair;

  beforeAll(async () => {
    const [ours, proxies, others] = await Promise.all(['ours', 'front-proxy', 'others'].map(createAuthority));
    if (ours === undefined || proxies === undefined || others === undefined) throw new Error('no authority');
    own = ours;
    const served = await issueCertificate(ours, { commonName: 'adapter', usages: ['serverAuth'], alternativeNames: ['DNS:adapter.test'] });
    proxy = await issueCertificate(proxies, { commonName: 'front-proxy-client', usages: ['clientAuth'] });
    colleague = await issueCertificate(proxies, { commonName: 'somebody', usages: ['clientAuth'] });
    stranger = await issueCertificate(others, { commonName: 'front-proxy-client', usages: ['clientAuth'] });
    server = await serveApi({
      port: 0,
      namespace: 'applications',
      certificate: { cert: served.certificate, key: served.key, ca: ours.certificate },
      proxies: { ca: proxies.certificate, names: ['front-proxy-client'] },
      figures: () => 7,
    });
  }, 60_000);
  afterAll(() => server.close());

  /** The answer's status; rejects when the connection is refused. */
  const ask = (client: KeyPair | undefined): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const identity = client === undefined ? {} : { cert: client.certificate, key: client.key };
      const options = { host: '127.0.0.1', port, path: '/apis/external.metrics.k8s.io/v1beta1', ca: own.certificate, servername: 'adapter.test', ...identity };
      request({ ...options, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });

  test("the API server's front proxy may", async () => expect(await ask(proxy)).toBe(200));
  test('nobody without a certificate', async () => {
    await expect(ask(undefined)).rejects.toThrow();
  });
  test('nobody with a certificate of another authority, whatever name is on it', async () => {
    await expect(ask(stranger)).rejects.toThrow();
  });
  test('nobody else whom that authority knows', async () => expect(await ask(colleague)).toBe(403));
});
