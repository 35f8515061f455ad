/** A PostgreSQL member by the word of its Patroni. Pure. */
import type { MemberSight } from './region-observation';

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

/**
 * @param body the answer to `GET /patroni`
 * @returns undefined when it is the answer of somebody else: an address that has gone to another pod
 * @throws SyntaxError when it is no JSON
 */
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
