/** Answers DNS queries over UDP and TCP, by whoever knows what to say. The wire format is dns-packet's. */
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { decode, encode, RECURSION_DESIRED, type DecodedPacket, type Packet } from 'dns-packet';

/** What is known of who asks. */
export interface DnsQuestion {
  /** Lower case, without the dot at the end. */
  readonly name: string;
  readonly type: string;
  /** The client's own network when its resolver tells (RFC 7871), else the resolver's address. */
  readonly client: string;
}

export interface DnsReply {
  readonly status: 'answered' | 'no-data' | 'no-such-name' | 'not-ours';
  /** IPv4 addresses. */
  readonly addresses: readonly string[];
  /** Of TXT records, for questions about those. */
  readonly texts?: readonly string[];
  /** Seconds. */
  readonly ttl: number;
}

const RCODES: Readonly<Record<DnsReply['status'], number>> = { answered: 0, 'no-data': 0, 'no-such-name': 3, 'not-ours': 5 };
const AUTHORITATIVE = 1 << 10;
/** Longer ones are cut off over UDP, and asked for again over TCP. */
const UDP_BYTES = 1232;

const clientOf = (packet: DecodedPacket, from: string): string => {
  for (const record of packet.additionals ?? []) {
    if (record.type !== 'OPT') continue;
    const subnet = record.options.find((option) => option.type === 'CLIENT_SUBNET' && 'ip' in option);
    if (subnet !== undefined && 'ip' in subnet && typeof subnet.ip === 'string') return subnet.ip;
  }
  return from.replace(/^::ffff:/, '');
};

interface Asked {
  readonly packet: DecodedPacket;
  readonly question: DnsQuestion;
}

/** @returns undefined for what is no query: it gets no answer */
const questionIn = (message: Buffer, from: string): Asked | undefined => {
  let packet: DecodedPacket;
  try {
    packet = decode(message);
  } catch {
    return undefined; // not DNS
  }
  const [question] = packet.questions ?? [];
  if (packet.type !== 'query' || question === undefined) return undefined;
  return { packet, question: { name: question.name.toLowerCase().replace(/\.$/, ''), type: question.type, client: clientOf(packet, from) } };
};

const encodeReply = ({ packet }: Asked, { status, addresses, texts = [], ttl }: DnsReply): Buffer => {
  const [question] = packet.questions ?? [];
  if (question === undefined) throw new Error('a reply needs a question');
  const { name } = question;
  const reply: Packet = {
    type: 'response',
    id: packet.id ?? 0,
    flags: AUTHORITATIVE | ((packet.flags ?? 0) & RECURSION_DESIRED) | RCODES[status],
    questions: [question],
    answers: [...addresses.map((data) => ({ type: 'A' as const, name, ttl, data })), ...texts.map((data) => ({ type: 'TXT' as const, name, ttl, data }))],
  };
  return encode(reply);
};

/** @returns undefined for what is no query: it gets no answer */
export const replyTo = (message: Buffer, from: string, ask: (question: DnsQuestion) => DnsReply): Buffer | undefined => {
  const asked = questionIn(message, from);
  return asked === undefined ? undefined : encodeReply(asked, ask(asked.question));
};

/** Whoever knows the answers, perhaps only after asking somebody else. */
export type Answerer = (question: DnsQuestion) => DnsReply | Promise<DnsReply>;

/** Nobody who asks is told why: a server that can't say is silent, and is asked again. */
const replyLater = async (message: Buffer, from: string, ask: Answerer): Promise<Buffer | undefined> => {
  const asked = questionIn(message, from);
  return asked === undefined ? undefined : encodeReply(asked, await ask(asked.question));
};

export interface DnsServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface DnsListen {
  readonly host: string;
  /** 0: any, for tests. */
  readonly port: number;
}

/** @throws Error (rejects) when the address is taken or not ours */
export const serveDns = async ({ host, port }: DnsListen, ask: Answerer): Promise<DnsServer> => {
  const udp = createSocket('udp4');
  udp.on('message', (message, { address, port: from }) => {
    replyLater(message, address, ask).then(
      (reply) => {
        if (reply !== undefined) udp.send(reply.length <= UDP_BYTES ? reply : truncated(reply), from, address);
      },
      () => undefined, // no answer: the client asks again
    );
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, host, resolve);
  });
  const chosen = udp.address().port;
  const tcp = createServer((socket) => serveStream(socket, ask));
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(chosen, host, resolve);
  });
  return { port: chosen, close: () => closeBoth(udp, tcp) };
};

/** The head alone, with the bit that says so. */
const truncated = (reply: Buffer): Buffer => {
  const { id = 0, flags = 0, questions = [] } = decode(reply);
  return encode({ type: 'response', id, flags: flags | (1 << 9), questions });
};

const closeBoth = async (udp: Socket, tcp: Server): Promise<void> => {
  await new Promise<void>((resolve) => udp.close(resolve));
  await new Promise<void>((resolve) => tcp.close(() => resolve()));
};

/** Messages with their length in two bytes before them, possibly several; answered in their order. */
const serveStream = (socket: TcpSocket, ask: Answerer): void => {
  let rest = Buffer.alloc(0);
  let turn: Promise<void> = Promise.resolve();
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on('error', () => undefined); // the client has gone: it will ask again
  const answer = async (message: Buffer): Promise<void> => {
    const reply = await replyLater(message, socket.remoteAddress ?? '', ask);
    if (reply === undefined) return void socket.destroy();
    const length = Buffer.alloc(2);
    length.writeUInt16BE(reply.length);
    socket.write(Buffer.concat([length, reply]));
  };
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= rest.readUInt16BE(0) + 2) {
      const end = rest.readUInt16BE(0) + 2;
      const message = rest.subarray(2, end);
      rest = rest.subarray(end);
      turn = turn.then(() => answer(message)).catch(() => void socket.destroy());
    }
  });
};
