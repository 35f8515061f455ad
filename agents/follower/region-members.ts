/** The region's PostgreSQL members, each by its own word. */
import type { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { parseMember } from '../../lib/failover/patroni-member';
import type { MemberSight } from '../../lib/failover/region-observation';
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

/** Those that answer in time; whoever does not is missing, and never taken for one that is gone. */
export const askMembers = async (keys: readonly MemberKey[], agent: Agent, timeoutMs: number): Promise<readonly MemberSight[]> => {
  const ask = async ({ name, primaryUrl }: MemberKey): Promise<MemberSight | undefined> => {
    if (primaryUrl === undefined) return undefined;
    const { hostname } = new URL(primaryUrl);
    const asked = new AbortController();
    const question = async (path: string, after: number): Promise<string> => {
      await pause(after, undefined, { signal: asked.signal });
      return (await exchange({ method: 'GET', url: new URL(path, primaryUrl).href, agent, timeoutMs: timeoutMs - after })).body;
    };
    try {
      return parseMember(name, hostname, await Promise.any([question('/patroni', 0), question(WITHOUT_THE_SERVER, Math.min(AT_ONCE, timeoutMs / 2))]));
    } finally {
      asked.abort();
    }
  };
  const answers = await Promise.allSettled(keys.map(ask));
  return answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : []));
};
