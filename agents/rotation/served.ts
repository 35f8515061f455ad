/** Which certificate a port serves, and whether it lets a client certificate in: seen from outside, as clients see it. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { request } from 'node:https';

const TIMEOUT_MS = 4000;
/** PostgreSQL's request for TLS, which PgBouncer speaks too: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface Port {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `postgres`: TLS begins after a request for it. */
  readonly speaks: 'tls' | 'postgres';
}

/** The certificate's SHA-256 fingerprint. @throws Error when nothing answers in time */
export const servedFingerprint = (port: Port): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host: port.host, port: port.port });
    const timer = setTimeout(() => socket.destroy(new Error(`${port.name}: no answer within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const handshake = (): void => {
      // Whose certificate it is is what is asked here; whether it is to be trusted is for clients to say.
      const secured: TLSSocket = connectTls({ socket, rejectUnauthorized: false }, () => {
        clearTimeout(timer);
        resolve(secured.getPeerX509Certificate()?.fingerprint256 ?? '');
        secured.destroy();
      });
      secured.on('error', fail);
    };
    socket.on('error', fail);
    socket.on('connect', () => (port.speaks === 'tls' ? handshake() : askForTls(socket, handshake)));
  });

const askForTls = (socket: Socket, then: () => void): void => {
  socket.once('data', (answer) => {
    if (answer[0] === 0x53) then();
    else socket.destroy(new Error('TLS was refused'));
  });
  socket.write(SSL_REQUEST);
};

export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Whether an HTTPS server takes a client's certificate. `no answer`: it could not be asked. */
export const certificateTaken = (host: string, port: number, path: string, tls: ClientTls): Promise<'taken' | 'refused' | 'no answer'> =>
  new Promise((resolve) => {
    const outgoing = request(
      {
        host,
        port,
        path,
        method: 'POST',
        ...tls,
        agent: false,
        rejectUnauthorized: false,
        timeout: TIMEOUT_MS,
        headers: { 'content-type': 'application/json' },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 403 ? 'refused' : 'taken');
      },
    );
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', (error) => resolve(/alert|certificate|ECONNRESET|EPIPE/.test(error.message) ? 'refused' : 'no answer'));
    outgoing.end('{}');
  });
