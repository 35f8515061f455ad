/** A client's resolver: asks one name server, keeps each answer as long as its TTL says, and not a moment longer. */
import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { decode, encode, RECURSION_DESIRED, type DecodedPacket } from 'dns-packet';

export interface StubResolverOptions {
  readonly server: string;
  readonly port: number;
  /** The address to ask from: it is what the name server takes the client's place from. @default - the system's choice */
  readonly localAddress?: string;
  readonly timeoutMs: number;
  /** Milliseconds, of a clock that does not jump. */
  readonly now: () => number;
}

export interface Resolved {
  readonly address: string;
  /** False: asked for just now. */
  readonly cached: boolean;
}

const rcodeOf = ({ flags = 0 }: DecodedPacket): number => flags & 0xf;

interface Kept {
  readonly addresses: readonly string[];
  readonly until: number;
}

export class StubResolver {
  private readonly kept = new Map<string, Kept>();
  private turn = 0;

  constructor(private readonly options: StubResolverOptions) {}

  /** @throws Error when there is no such name, or nobody answers in time; an answer that is over is not used again */
  async resolve(name: string): Promise<Resolved> {
    const { now } = this.options;
    const before = this.kept.get(name);
    if (before !== undefined && now() < before.until) return { address: this.pick(before.addresses), cached: true };
    this.kept.delete(name);
    const packet = await this.ask(name);
    if (packet.flag_tc) throw new Error(`${name}: the answer is cut off over TCP, too`);
    const records = (packet.answers ?? []).flatMap((record) => (record.type === 'A' ? [{ address: record.data, ttl: record.ttl ?? 0 }] : []));
    if (records.length === 0) throw new Error(`${name}: ${rcodeOf(packet) === 0 ? 'no address' : `answered with code ${rcodeOf(packet)}`}`);
    const kept = { addresses: records.map(({ address }) => address), until: now() + Math.min(...records.map(({ ttl }) => ttl)) * 1000 };
    this.kept.set(name, kept);
    return { address: this.pick(kept.addresses), cached: false };
  }

  private pick(addresses: readonly string[]): string {
    const address = addresses[this.turn++ % addresses.length];
    if (address === undefined) throw new Error('an answer without addresses');
    return address;
  }

  private async ask(name: string): Promise<DecodedPacket> {
    const query = encode({ type: 'query', id: randomInt(0x10000), flags: RECURSION_DESIRED, questions: [{ type: 'A', name }] });
    const packet = decode(await this.overUdp(query, name));
    return packet.flag_tc ? decode(await this.overTcp(query, name)) : packet;
  }

  private overUdp(query: Buffer, name: string): Promise<Buffer> {
    const { server, port, localAddress, timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      const timer = setTimeout(() => done(new Error(`${name}: ${server} does not answer within ${timeoutMs} ms`)), timeoutMs);
      const done = (result: Buffer | Error): void => {
        clearTimeout(timer);
        socket.close();
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      socket.on('error', done);
      // Somebody else's answer, or an old one: ours has our number.
      socket.on('message', (message) => (message.readUInt16BE(0) === query.readUInt16BE(0) ? done(message) : undefined));
      socket.bind(0, localAddress, () => socket.send(query, port, server));
    });
  }

  private overTcp(query: Buffer, name: string): Promise<Buffer> {
    const { server, port, localAddress, timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const local = localAddress === undefined ? {} : { localAddress };
      const socket = connect({ host: server, port, ...local, timeout: timeoutMs });
      let answer = Buffer.alloc(0);
      socket.on('connect', () => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(query.length);
        socket.write(Buffer.concat([length, query]));
      });
      socket.on('data', (chunk: Buffer) => {
        answer = Buffer.concat([answer, chunk]);
        if (answer.length < 2 || answer.length < answer.readUInt16BE(0) + 2) return;
        socket.destroy();
        resolve(answer.subarray(2, answer.readUInt16BE(0) + 2));
      });
      socket.on('timeout', () => socket.destroy(new Error(`${name}: ${server} does not answer over TCP`)));
      socket.on('error', reject);
    });
  }
}
