import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Route } from './decide';
import type { Log } from './log';
import type { State } from './state';

const CONNECT_MS = 2_000;
const KEEP_ALIVE_MS = 2_000;

/** The confirmed route, while this region is the primary one. */
const leaderOf = ({ route, reading }: State): Route | undefined =>
  reading?.role?.follows === false && reading.leader?.member === route?.member ? route : undefined;

export interface LeaderProxy {
  readonly server: Server;
  /** Ends connections to a leader that is none any more. */
  readonly sweep: () => void;
}

/**
 * Passes connections on to whichever member leads: standby leaders of other regions stream through it, and never need to know who that is. TLS and passwords go
 * through untouched. Nobody is served while nobody leads.
 * @throws Error (rejects) when the port is taken
 */
export const serveLeader = (port: number, state: State, log: Log): Promise<LeaderProxy> => {
  const open = new Map<Socket, Route>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (client) => {
    const leader = leaderOf(state);
    client.on('error', () => undefined); // `close` follows, and ends the other half
    if (leader === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: leader.host, port: leader.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    const patience = setTimeout(() => upstream.destroy(), CONNECT_MS);
    upstream.on('error', () => undefined);
    upstream.on('connect', () => clearTimeout(patience));
    open.set(client, leader);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      clearTimeout(patience);
      open.delete(client);
      client.destroy();
    });
    client.pipe(upstream);
    upstream.pipe(client);
  });
  const sweep = (): void => {
    // A region that has just become a standby still sends the last of its log: that connection ends with the server.
    if (state.reading?.role?.follows !== false) return;
    const leader = leaderOf(state);
    for (const [client, used] of open) {
      if (leader?.host === used.host && leader.port === used.port) continue;
      log('leader connection ended', `${used.member} does not lead any more`);
      client.destroy();
    }
  };
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '0.0.0.0', () => {
      server.off('error', fail);
      done({ server, sweep });
    });
  });
};
