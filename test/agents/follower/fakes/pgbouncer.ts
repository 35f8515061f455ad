import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

type Cells = Readonly<Record<string, string | number>>;
/** `refuse`: every command is answered with an error. `hang`: none is answered. */
export type ConsoleMode = 'ok' | 'refuse' | 'hang';

const int16 = (n: number): Buffer => {
  const b = Buffer.alloc(2);
  b.writeInt16BE(n);
  return b;
};
const int32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeInt32BE(n);
  return b;
};
const cstring = (s: string): Buffer => Buffer.from(`${s}\0`);
const message = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const READY = message('Z', Buffer.from('I'));
const TEXT_OID = 25;

const rowsOf = (rows: readonly Cells[]): Buffer => {
  const names = Object.keys(rows[0] ?? { name: '' });
  const fields = names.map((name) => Buffer.concat([cstring(name), int32(0), int16(0), int32(TEXT_OID), int16(-1), int32(-1), int16(0)]));
  const cell = (value: string | number | undefined): Buffer => Buffer.concat([int32(Buffer.byteLength(String(value))), Buffer.from(String(value))]);
  const data = rows.map((row) => message('D', int16(names.length), ...names.map((name) => cell(row[name]))));
  return Buffer.concat([message('T', int16(fields.length), ...fields), ...data]);
};

/** PgBouncer's admin console on a unix socket: the simple query protocol, the commands that the follower gives, and nothing behind them. */
export class FakePgBouncer {
  readonly commands: string[] = [];
  mode: ConsoleMode = 'ok';
  knowsKillClient = true;
  paused = false;
  host = '';
  port = 0;
  servers: { addr: string; port: number; link: string }[] = [];
  clients: { id: number; ptr: string }[] = [];
  private readonly connections = new Set<Socket>();
  private server: Server | undefined;

  constructor(
    private readonly socketDir: string,
    readonly socketPort: number,
    private readonly databasesFile: string,
  ) {}

  async start(): Promise<void> {
    this.load();
    const server = createServer((socket) => this.onConnection(socket));
    this.server = server;
    await new Promise<void>((done) => server.listen(`${this.socketDir}/.s.PGSQL.${this.socketPort}`, done));
  }

  async stop(): Promise<void> {
    this.connections.forEach((socket) => socket.destroy());
    await new Promise<void>((done) => (this.server ? this.server.close(() => done()) : done()));
  }

  /** Commands that change something. */
  get changes(): readonly string[] {
    return this.commands.filter((c) => !c.startsWith('SHOW'));
  }

  get connected(): number {
    return this.connections.size;
  }

  private load(): void {
    const [, host = '', port = '0'] = /^app = host=(\S+) port=(\d+)/m.exec(readFileSync(this.databasesFile, 'utf8')) ?? [];
    [this.host, this.port] = [host, Number(port)];
  }

  private onConnection(socket: Socket): void {
    this.connections.add(socket);
    socket.on('close', () => this.connections.delete(socket));
    socket.on('error', () => socket.destroy());
    let rest = Buffer.alloc(0);
    let started = false;
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, Buffer.from(chunk)]);
      for (;;) {
        const at = started ? 1 : 0;
        if (rest.length < at + 4 || rest.length < at + rest.readInt32BE(at)) return;
        const body = rest.subarray(at + 4, at + rest.readInt32BE(at));
        const type = started ? String.fromCharCode(rest[0] ?? 0) : 'startup';
        rest = rest.subarray(at + rest.readInt32BE(at));
        started = true;
        this.onMessage(socket, type, body);
      }
    });
  }

  private onMessage(socket: Socket, type: string, body: Buffer): void {
    if (type === 'startup') return void socket.write(Buffer.concat([message('R', int32(0)), READY]));
    if (type === 'X') return void socket.end();
    const command = body.subarray(0, -1).toString();
    this.commands.push(command);
    if (this.mode === 'hang') return;
    socket.write(Buffer.concat([this.mode === 'refuse' ? this.refusal('not now') : this.answer(command), READY]));
  }

  private refusal(text: string): Buffer {
    return message('E', ...[`SERROR`, `C08P01`, `M${text}`].map(cstring), Buffer.from([0]));
  }

  private answer(command: string): Buffer {
    const done = message('C', cstring(command.split(' ')[0] ?? ''));
    const shown = (rows: readonly Cells[]): Buffer => Buffer.concat([rowsOf(rows), done]);
    const [verb, what = ''] = command.split(' ');
    if (command === 'SHOW DATABASES') return shown([{ name: 'app', host: this.host, port: this.port, paused: this.paused ? 1 : 0 }]);
    if (command === 'SHOW SERVERS') return shown(this.servers.map((s) => ({ database: 'app', ...s })));
    if (command === 'SHOW CLIENTS') return shown(this.clients);
    if (verb === 'RELOAD') this.load();
    else if (verb === 'KILL') [this.paused, this.servers, this.clients] = [true, [], []];
    else if (verb === 'PAUSE') this.paused = true;
    else if (verb === 'RESUME' && !this.paused) return this.refusal('database app is not paused');
    else if (verb === 'RESUME') this.paused = false;
    else if (verb === 'KILL_CLIENT') return this.killClient(Number(what)) ? done : this.refusal(this.knowsKillClient ? 'client not found' : 'invalid command');
    else if (verb !== 'RECONNECT') return this.refusal('invalid command');
    return done;
  }

  private killClient(id: number): boolean {
    const client = this.clients.find((c) => c.id === id);
    if (!client || !this.knowsKillClient) return false;
    this.clients = this.clients.filter((c) => c !== client);
    this.servers = this.servers.filter((s) => s.link !== client.ptr);
    return true;
  }
}
