/** The certificates that a port serves, as any client gets them, whatever they are worth. */
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';

const TIMEOUT_MS = 4000;
/** PostgreSQL's request for TLS, which PgBouncer speaks too: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const WILLING = 'S'.charCodeAt(0);

export interface TlsPort {
  readonly host: string;
  readonly port: number;
  /** `postgres`: TLS begins after a request for it. */
  readonly speaks: 'tls' | 'postgres';
  /** What is asked for; default: nothing. */
  readonly serverName?: string;
}

const chainOf = (socket: TLSSocket): string => {
  const seen = new Set<string>();
  const blocks: string[] = [];
  let current: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // A certificate that signed itself is its own issuer.
  while (current?.raw !== undefined && !seen.has(current.fingerprint256)) {
    seen.add(current.fingerprint256);
    blocks.push(new X509Certificate(current.raw).toString());
    current = current.issuerCertificate;
  }
  return blocks.join('');
};

/** @returns PEM, the server's own certificate first. @throws Error (rejects) when nothing answers in time, or without TLS */
export const servedChain = ({ host, port, speaks, serverName }: TlsPort): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    const handshake = (): void => {
      const name = serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName };
      // What it is worth is judged elsewhere: an expired one must be seen, too.
      const secured = connectTls({ socket, rejectUnauthorized: false, ...name }, () => {
        clearTimeout(timer);
        const chain = chainOf(secured);
        secured.destroy();
        if (chain === '') reject(new Error('no certificate was served'));
        else resolve(chain);
      });
      secured.on('error', fail);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed before there was a certificate')));
    socket.on('connect', () => {
      if (speaks === 'tls') return handshake();
      socket.once('data', (answer) => (answer[0] === WILLING ? handshake() : fail(new Error('TLS was refused'))));
      socket.write(SSL_REQUEST);
    });
  });
