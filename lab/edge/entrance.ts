/**
 * What stands for a region's load balancer: one address, behind which are the region's ready poolers. It forwards SQL connections as they are (TLS is the pooler's),
 * and says over HTTPS whether there is anything behind it.
 */
import { createServer as createHttps, request, type Server as HttpsServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { parseStatus } from '../../lib/failover/region-role';

export interface EntranceOptions {
  readonly host: string;
  readonly sqlPort: number;
  readonly healthPort: number;
  readonly healthPath: string;
  /** Addresses of the region's poolers, one per zone. */
  readonly poolers: readonly string[];
  readonly poolerPort: number;
  /** Addresses of the region's doors, and what they ask for. */
  readonly doors: readonly string[];
  readonly doorPort: number;
  readonly tls: { readonly certificate: string; readonly key: string; readonly ca: string };
  /** Names that the doors' certificate may carry. */
  readonly doorName: string;
  readonly lookEverySeconds: number;
  readonly onChange: (ready: boolean, because: string) => void;
}

const PATIENCE_MS = 900;
/** PostgreSQL's question whether TLS is spoken; a pooler that lives answers with one letter. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** @returns whether a pooler answers there: an accepted connection alone could be the node's */
export const speaksPostgres = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    const done = (speaks: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(speaks);
    };
    const timer = setTimeout(() => done(false), PATIENCE_MS);
    socket.on('connect', () => socket.write(SSL_REQUEST));
    socket.on('data', (answer: Buffer) => done(['S', 'N'].includes(String.fromCharCode(answer[0] ?? 0))));
    socket.on('timeout', () => done(false));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
  });

const askDoor = ({ doorPort, doorName, tls }: EntranceOptions, host: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { host, port: doorPort, path: '/region', ca: tls.ca, cert: tls.certificate, key: tls.key, servername: doorName, timeout: PATIENCE_MS };
    const outgoing = request({ ...options, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      answer.on('end', () => (answer.statusCode === 200 ? resolve(body) : reject(new Error(`status ${answer.statusCode ?? 0}`))));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', reject);
    outgoing.end();
  });

/** Some door says that the region has a database: one that takes writes, or one that follows. */
const hasDatabase = async (options: EntranceOptions): Promise<boolean> => {
  const answers = await Promise.allSettled(options.doors.map((door) => askDoor(options, door)));
  return answers.some((answer) => {
    const status = answer.status === 'fulfilled' ? parseStatus(answer.value) : undefined;
    return status?.initialized === true && (status.serving || status.follows);
  });
};

export class Entrance {
  private ready: readonly string[] = [];
  private healthy = false;
  private turn = 0;
  private timer: NodeJS.Timeout | undefined;
  private closing = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly options: EntranceOptions,
    private readonly sql: Server,
    private readonly health: HttpsServer,
  ) {}

  /** @throws Error (rejects) when an address is taken or not ours */
  static async open(options: EntranceOptions): Promise<Entrance> {
    const sql = createServer();
    const health = createHttps({ cert: options.tls.certificate, key: options.tls.key });
    const entrance = new Entrance(options, sql, health);
    sql.on('connection', (client) => entrance.forward(client));
    health.on('request', ({ url }, response) => {
      const found = url === options.healthPath;
      response.writeHead(found ? (entrance.healthy ? 200 : 503) : 404).end(found ? (entrance.healthy ? 'ready\n' : 'not ready\n') : 'not found\n');
    });
    health.on('tlsClientError', () => undefined); // a probe that gave up
    await listen(sql, options.sqlPort, options.host);
    await listen(health, options.healthPort, options.host);
    await entrance.look();
    return entrance;
  }

  private async look(): Promise<void> {
    const { poolers, poolerPort, lookEverySeconds, onChange } = this.options;
    const answers = await Promise.all(poolers.map(async (pooler) => ((await speaksPostgres(pooler, poolerPort)) ? pooler : undefined)));
    this.ready = answers.filter((pooler) => pooler !== undefined);
    const database = await hasDatabase(this.options);
    const healthy = this.ready.length > 0 && database;
    if (healthy !== this.healthy)
      onChange(healthy, `${this.ready.length} of ${poolers.length} poolers answer, the region ${database ? 'has' : 'has not'} a database`);
    this.healthy = healthy;
    if (!this.closing) this.timer = setTimeout(() => void this.look(), lookEverySeconds * 1000);
  }

  private forward(client: Socket): void {
    const { poolers, poolerPort } = this.options;
    // As a load balancer: with nothing healthy behind it, everything is tried.
    const candidates = this.ready.length > 0 ? this.ready : poolers;
    const pooler = candidates[this.turn++ % candidates.length];
    const server = connect({ host: pooler ?? '', port: poolerPort });
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.sockets.delete(socket));
    }
    client.on('error', () => server.destroy()).on('close', () => server.destroy());
    server.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(server);
    server.pipe(client);
  }

  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.timer);
    this.sockets.forEach((socket) => socket.destroy());
    this.health.closeAllConnections();
    await Promise.all([this.sql, this.health].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
}

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
