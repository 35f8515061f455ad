import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encode } from '../../../../agents/follower/etcd-codec';

interface Kv {
  readonly value: string;
  readonly revision: number;
}

/** How one endpoint behaves. `deaf`: watches are acknowledged and then told nothing. `silent`: everything is accepted and nothing answered. */
export type Mode = 'ok' | 'deaf' | 'silent' | 'no-leader' | 'garbage';

interface Endpoint {
  readonly server: Server;
  readonly watches: Set<ServerResponse>;
  mode: Mode;
}

interface Body {
  readonly success?: readonly { readonly request_range: { readonly key: string } }[];
  readonly targetID?: string;
}

const CLUSTER = '2305260427072833832';

/** etcd's JSON gateway over one store: reads, watches of the leader key, status, member list, transfer of leadership. */
export class FakeEtcd {
  revision = 100;
  clusterId = CLUSTER;
  /** Index of the member that leads etcd. */
  leads = 0;
  readonly transfers: string[] = [];
  reads = 0;
  watchesOpened = 0;
  private readonly store = new Map<string, Kv>();
  private readonly endpoints: Endpoint[] = [];

  constructor(private readonly leaderKey: string) {}

  async start(count: number, tls: { cert: Buffer; key: Buffer; ca: Buffer }): Promise<readonly string[]> {
    for (let i = 0; i < count; i += 1) {
      const endpoint: Endpoint = { server: createServer({ ...tls, requestCert: true, rejectUnauthorized: true }), watches: new Set(), mode: 'ok' };
      endpoint.server.on('request', (request, response) => void this.onRequest(endpoint, i, request, response));
      await new Promise<void>((done) => endpoint.server.listen(0, '127.0.0.1', done));
      this.endpoints.push(endpoint);
    }
    return this.endpoints.map(({ server }) => `https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  stop(): void {
    this.endpoints.forEach((_, i) => this.kill(i));
  }

  /** The endpoint dies: connections break, none is accepted. */
  kill(i: number): void {
    this.endpoints[i]?.server.close();
    this.endpoints[i]?.server.closeAllConnections();
  }

  mode(mode: Mode, ...only: number[]): void {
    this.endpoints.forEach((endpoint, i) => {
      if (only.length === 0 || only.includes(i)) endpoint.mode = mode;
    });
  }

  put(key: string, value: string): void {
    this.revision += 1;
    this.store.set(key, { value, revision: this.revision });
    if (this.isWatched(key)) this.tell([{ kv: this.json(key) }]);
  }

  delete(key: string): void {
    this.revision += 1;
    this.store.delete(key);
    if (this.isWatched(key)) this.tell([{ type: 'DELETE', kv: { key: encode(key), mod_revision: String(this.revision) } }]);
  }

  private isWatched(key: string): boolean {
    return key === this.leaderKey || key.endsWith('/failover');
  }

  /** The same event once more, as a client sees it after a reconnect. */
  repeatLastEvent(): void {
    this.tell([{ kv: this.json(this.leaderKey) }]);
  }

  cancelWatches(message: object): void {
    this.write({ result: { header: this.header(0), canceled: true, ...message } });
  }

  private tell(events: object[]): void {
    this.write({ result: { header: this.header(0), events } });
  }

  private write(message: object): void {
    for (const { mode, watches } of this.endpoints) {
      if (mode === 'ok') watches.forEach((watch) => watch.write(`${JSON.stringify(message)}\n`));
    }
  }

  private header(i: number): object {
    return { cluster_id: this.clusterId, member_id: String(i + 1), revision: String(this.revision), raft_term: '2' };
  }

  private json(key: string): object | undefined {
    const kv = this.store.get(key);
    return kv && { key: encode(key), value: encode(kv.value), mod_revision: String(kv.revision) };
  }

  private range(request: { key: string; range_end?: string }): object {
    const [from, end] = [request.key, request.range_end].map((k) => Buffer.from(k ?? '', 'base64').toString());
    const keys = [...this.store.keys()].filter((k) => (end ? k >= (from ?? '') && k < end : k === from));
    return { response_range: { header: {}, ...(keys.length > 0 ? { kvs: keys.map((k) => this.json(k)) } : {}) } };
  }

  private async onRequest(endpoint: Endpoint, i: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    // A client without a certificate of the CA does not get this far: the handshake refuses it.
    if (endpoint.mode === 'silent') return;
    if (endpoint.mode === 'garbage') return void response.end('<html>not etcd</html>');
    if (endpoint.mode === 'no-leader' && request.headers['grpc-metadata-hasleader'] === 'true') {
      return void response.writeHead(503).end('{"code":14,"message":"etcdserver: no leader"}');
    }
    if (request.url === '/v3/watch') return void this.openWatch(endpoint, i, response);
    response.end(JSON.stringify(this.answer(i, request.url ?? '', JSON.parse(body) as Body)));
  }

  private openWatch(endpoint: Endpoint, i: number, response: ServerResponse): void {
    this.watchesOpened += 1;
    response.write(`${JSON.stringify({ result: { header: this.header(i), created: true } })}\n`);
    endpoint.watches.add(response);
    response.on('close', () => endpoint.watches.delete(response));
  }

  private answer(i: number, url: string, body: Body): object {
    const members = this.endpoints.map((_, m) => ({ ID: String(m + 1), name: `etcd-${m}` }));
    switch (url) {
      case '/v3/kv/txn':
        this.reads += 1;
        return { header: this.header(i), succeeded: true, responses: (body.success ?? []).map((s) => this.range(s.request_range)) };
      case '/v3/maintenance/status':
        return { header: this.header(i), leader: String(this.leads + 1), raftAppliedIndex: String(this.revision) };
      case '/v3/cluster/member/list':
        return { header: this.header(i), members };
      case '/v3/maintenance/transfer-leadership':
        this.transfers.push(`${i}:${body.targetID ?? ''}`);
        this.leads = Number(body.targetID) - 1;
        return { header: this.header(i) };
      default:
        throw new Error(`the fake etcd knows no ${url}`);
    }
  }
}
