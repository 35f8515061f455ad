/** The adapter's HTTPS server: for the API server's front proxy, which shows a client certificate, and for nobody else. */
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket, type TlsOptions } from 'node:tls';
import { answer, type Figures } from './api';
import type { Certificate, Proxies } from './trust';

export interface ApiServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly namespace: string;
  readonly certificate: Certificate;
  readonly proxies: Proxies;
  readonly figures: Figures;
}

/** What it shows, and whom it believes. */
export const secureContext = ({ cert, key }: Certificate, { ca }: Proxies): SecureContextOptions => ({ cert, key, ca, minVersion: 'TLSv1.2' });
const onlyKnownClients: TlsOptions = { requestCert: true, rejectUnauthorized: true };

const FORBIDDEN = {
  status: 403,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message: "not the API server's front proxy", code: 403 },
};

/** The certificate is of the right authority, or there would be no connection; the name on it is this. */
const isProxy = (socket: Socket, names: readonly string[]): boolean =>
  socket instanceof TLSSocket && (names.length === 0 || names.includes(String(socket.getPeerCertificate().subject.CN)));

/** @throws Error when the port is taken */
export const serveApi = ({ port, namespace, certificate, proxies, figures }: ApiServerOptions): Promise<Server> => {
  const server = createServer({ ...secureContext(certificate, proxies), ...onlyKnownClients }, (request, response) => {
    const { status, body } = isProxy(request.socket, proxies.names) ? answer(request.url ?? '/', namespace, figures, new Date()) : FORBIDDEN;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return new Promise((resolve, reject) => server.once('error', reject).listen(port, () => resolve(server)));
};
