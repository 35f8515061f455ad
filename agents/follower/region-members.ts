/** The region's PostgreSQL members, each by its own word. */
import type { Agent } from 'node:https';
import type { MemberSight } from '../../lib/failover/region-observation';
import { exchange } from './http';

/** A member's key of etcd. */
export interface MemberKey {
  readonly name: string;
  /** `https://10.1.2.3:8008/primary` */
  readonly primaryUrl: string | undefined;
}

interface PatroniAnswer {
  readonly state?: string;
  readonly role?: string;
  readonly timeline?: number;
  readonly replication_state?: string;
  readonly patroni?: { readonly name?: string };
  readonly xlog?: {
    readonly location?: number;
    readonly received_location?: number;
    readonly replayed_location?: number;
    readonly replayed_timestamp?: string | null;
  };
}

/** @returns undefined when it is the answer of somebody else: an address that has gone to another pod */
export const parseMember = (name: string, address: string, body: string): MemberSight | undefined => {
  const answer = JSON.parse(body) as PatroniAnswer;
  if (answer.patroni?.name !== undefined && answer.patroni.name !== name) return undefined;
  const replayedAt = Date.parse(answer.xlog?.replayed_timestamp ?? '');
  return {
    name,
    address,
    role: answer.role ?? 'unknown',
    state: answer.replication_state ?? answer.state ?? 'unknown',
    timeline: answer.timeline,
    written: answer.xlog?.location,
    received: answer.xlog?.received_location,
    replayed: answer.xlog?.replayed_location,
    replayedAt: Number.isFinite(replayedAt) ? replayedAt / 1000 : undefined,
  };
};

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
