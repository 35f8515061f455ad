import { createServer, type Server } from 'node:https';

/** The REST API of several members, each at an address of its own. */
export class FakePatroni {
  /** Addresses that answer `/primary` with 200. */
  readonly primaries = new Set<string>();
  /** Of these, those that hold the key and are still in recovery. */
  readonly promoting = new Set<string>();
  /** Addresses whose PostgreSQL is being stopped. */
  readonly stopping = new Set<string>();
  /** Addresses that accept connections and answer nothing. */
  readonly silent = new Set<string>();
  readonly asked: string[] = [];
  private readonly servers: Server[] = [];
  port = 0;

  async start(hosts: readonly string[], tls: { cert: Buffer; key: Buffer }): Promise<void> {
    for (const host of hosts) {
      const server = createServer(tls, (request, response) => {
        this.asked.push(`${host} ${request.method ?? ''} ${request.url ?? ''}`);
        if (this.silent.has(host)) return;
        const isPrimary = this.primaries.has(host);
        const state = this.stopping.has(host) ? 'stopping' : 'running';
        const role = isPrimary && !this.promoting.has(host) ? 'primary' : 'replica';
        response.writeHead(request.url === '/primary' && isPrimary ? 200 : 503, { connection: 'close' }).end(JSON.stringify({ state, role }));
      });
      await new Promise<void>((done) => server.listen(this.port, host, done));
      const address = server.address();
      if (address && typeof address === 'object') this.port = address.port;
      this.servers.push(server);
    }
  }

  stop(): void {
    this.servers.forEach((server) => {
      server.close();
      server.closeAllConnections();
    });
  }
}
