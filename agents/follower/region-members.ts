/** The region's PostgreSQL members, each by its own word. */
import type { Agent } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseMember } from '../../lib/failover/patroni-member';
import type { MemberSight } from '../../lib/failover/region-observation';
import { POSTGRES_PORT } from '../../lib/topology/derive';
import { exchange } from './http';

/** A member's key of etcd. */
export interface MemberKey {
  readonly name: string;
  /** `https://10.1.2.3:8008/primary` */
  readonly primaryUrl: string | undefined;
}

/** Patroni answers at once, or waits for a server that is ending or starting. Milliseconds. */
const AT_ONCE = 250;
/** Says what it can without asking the server: `/patroni` tries again for seconds. That a primary has ended is what a fence waits to hear. */
const WITHOUT_THE_SERVER = '/health';

/** @throws Error unless somebody is there and says that nothing listens: silence could be a cut wire */
const refused = (host: string, port: number, timeout: number): Promise<void> =>
  new Promise((done, fail) => {
    const socket = connect({ host, port, timeout });
    const settle = (finish: () => void): void => {
      socket.destroy();
      finish();
    };
    socket.on('connect', () => settle(() => fail(new Error(`${host}:${port} listens`))));
    socket.on('timeout', () => settle(() => fail(new Error(`${host}:${port} does not answer`))));
    socket.on('error', (error) => settle('code' in error && error.code === 'ECONNREFUSED' ? done : () => fail(error)));
  });

/** A member on whose address no PostgreSQL runs, by the word of its kernel: Patroni has no time to answer while it ends one and starts the next. */
const stopped = (name: string, address: string): MemberSight => ({
  name,
  address,
  role: 'unknown',
  state: 'stopped',
  timeline: undefined,
  written: undefined,
  received: undefined,
  replayed: undefined,
  replayedAt: undefined,
});

/** Those that answer in time; whoever does not is missing, and never taken for one that is gone. */
export const askMembers = async (keys: readonly MemberKey[], agent: Agent, timeoutMs: number, port = POSTGRES_PORT): Promise<readonly MemberSight[]> => {
  const later = Math.min(AT_ONCE, timeoutMs / 2);
  const ask = async ({ name, primaryUrl }: MemberKey): Promise<MemberSight | undefined> => {
    if (primaryUrl === undefined) return undefined;
    const { hostname } = new URL(primaryUrl);
    const asked = new AbortController();
    const question = async (path: string, after: number): Promise<MemberSight | undefined> => {
      await pause(after, undefined, { signal: asked.signal });
      return parseMember(name, hostname, (await exchange({ method: 'GET', url: new URL(path, primaryUrl).href, agent, timeoutMs: timeoutMs - after })).body);
    };
    const ended = async (): Promise<MemberSight> => {
      await pause(later, undefined, { signal: asked.signal });
      await refused(hostname, port, timeoutMs - later);
      return stopped(name, hostname);
    };
    try {
      return await Promise.any([question('/patroni', 0), question(WITHOUT_THE_SERVER, later), ended()]);
    } finally {
      asked.abort();
    }
  };
  const answers = await Promise.allSettled(keys.map(ask));
  return answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : []));
};
