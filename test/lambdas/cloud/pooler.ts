/** A pooler as a client sees it: TLS, a login without a question, and one table of probes. As much of PostgreSQL's protocol as the write probe speaks. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Pki } from './pki';

/** `stale`: what is read back is not what was written. */
export type PoolerMood = 'well' | 'read-only' | 'stale' | 'gone';

const message = (type: string, ...parts: readonly (string | Buffer | number)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'number' ? int16(part) : typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const int32 = (n: number): Buffer => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
const int16 = (n: number): Buffer => Buffer.from([(n >>> 8) & 255, n & 255]);
const READY = message('Z', Buffer.from('I'));
const rowOf = (value: string): Buffer => message('D', 1, int32(value.length), Buffer.from(value));
/** One column "epoch", a bigint, as text. */
const DESCRIPTION = message('T', 1, 'epoch', int32(0), 0, int32(20), 8, int32(-1), 0);
const READ_ONLY = message('E', Buffer.from('SERROR\0C25006\0Mcannot execute INSERT in a read-only transaction\0\0'));

export class FakePooler {
  mood: PoolerMood = 'well';
  readonly written: number[] = [];
  private server: Server | undefined;
  constructor(private readonly pki: Pki) {}

  get port(): number {
    return (this.server?.address() as AddressInfo).port;
  }
  async open(): Promise<void> {
    this.server = createServer((socket) => this.greet(socket));
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
  }
  close(): void {
    this.server?.close();
  }

  private greet(plain: Socket): void {
    if (this.mood === 'gone') return void plain.destroy();
    plain.on('error', () => undefined); // a client that leaves is no concern of the pooler's
    plain.once('data', () => {
      plain.write('S');
      const socket = new TLSSocket(plain, { isServer: true, ...this.pki.pair('door') });
      socket.on('error', () => undefined);
      let rest = Buffer.alloc(0);
      let started = false;
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        if (!started) {
          const length = rest.readInt32BE(0);
          if (rest.length < length) return;
          rest = rest.subarray(length);
          started = true;
          socket.write(Buffer.concat([message('R', int32(0)), READY]));
        }
        while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
          const length = rest.readInt32BE(1) + 1;
          const answer = this.hear(String.fromCharCode(rest[0] ?? 0), rest.subarray(5, length));
          if (answer.length > 0) socket.write(answer);
          rest = rest.subarray(length);
        }
      });
    });
  }

  private hear(type: string, body: Buffer): Buffer {
    switch (type) {
      case 'Q':
        return this.simple(body.toString('utf8'));
      case 'P':
        return message('1');
      case 'B':
        return this.bind(body);
      case 'D':
        return DESCRIPTION;
      case 'E':
        return this.mood === 'read-only' ? READ_ONLY : Buffer.concat([rowOf(String(this.written.at(-1) ?? 0)), message('C', 'INSERT 0 1')]);
      case 'S':
        return READY;
      default:
        return Buffer.alloc(0);
    }
  }

  /** The one parameter is the epoch, as text: after the portal's and the statement's name, and the parameter formats. */
  private bind(body: Buffer): Buffer {
    const value = /(\d+)/.exec(
      body
        .subarray(2)
        .toString('latin1')
        .replaceAll(/[^\d]+/g, ' '),
    )?.[1];
    if (this.mood !== 'read-only') this.written.push(Number(value));
    return message('2');
  }

  private simple(sql: string): Buffer {
    if (!sql.startsWith('SELECT')) return Buffer.concat([message('C', 'CREATE TABLE'), READY]);
    const newest = this.mood === 'stale' ? 1 : Math.max(0, ...this.written);
    return Buffer.concat([DESCRIPTION, rowOf(String(newest)), message('C', 'SELECT 1'), READY]);
  }
}
