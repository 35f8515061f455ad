/** The region's PostgreSQL members, each by its own word. */
import type { Agent } from 'node:https';
import { parseMember } from '../../lib/failover/patroni-member';
import type { MemberSight } from '../../lib/failover/region-observation';
import { exchange } from './http';

/** A member's key of etcd. */
export interface MemberKey {
  readonly name: string;
  /** `https://10.1.2.3:8008/primary` */
  readonly primaryUrl: string | undefined;
}

/** Those that answer in time; whoever does not is missing, and never taken for one that is gone. */
export const askMembers = async (keys: readonly MemberKey[], agent: Agent, timeoutMs: number): Promise<readonly MemberSight[]> => {
  const ask = async ({ name, primaryUrl }: MemberKey): Promise<MemberSight | undefined> => {
    if (primaryUrl === undefined) return undefined;
    const url = new URL('/patroni', primaryUrl);
    const { body } = await exchange({ method: 'GET', url: url.href, agent, timeoutMs });
    return parseMember(name, url.hostname, body);
  };
  const answers = await Promise.allSettled(keys.map(ask));
  return answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : []));
};
