import { firstMark, type History } from '../events';
import { leaderAt, leaderChanges } from './leadership';

/** The stages of a failover, seconds after the fault; null: did not happen, or nobody saw it. */
export interface Stages {
  readonly faultAt: 0;
  /** The leader key was gone, or the probe that found the fault said so. */
  readonly detected: number | null;
  /** Another member held the leader key. */
  readonly lockTaken: number | null;
  /** The new leader said that it is primary, or accepted a local commit, whichever was seen first. */
  readonly promoted: number | null;
  /** A pooler sent clients to the new primary. */
  readonly routed: number | null;
  /** The first write acknowledged afterwards: by the new leader, or if there is none, when the gap ended that the fault began. */
  readonly firstAck: number | null;
}

const smallest = (...times: readonly (number | null | undefined)[]): number | null => {
  const known = times.filter((t): t is number => t !== null && t !== undefined);
  return known.length === 0 ? null : Math.min(...known);
};

const promotion = (history: History, leader: string, after: number): number | null =>
  smallest(
    history.roles.find(
      (r) => r.t >= after && r.member === leader && r.role !== null && ['primary', 'master', 'leader'].includes(r.role) && r.state === 'running',
    )?.t,
    history.localCommits.find((c) => c.t >= after && c.node === leader && c.ok && !c.inRecovery)?.t,
  );

/** A gap that begins later than this after the fault is not its immediate effect, seconds. */
const IMMEDIATE_SECONDS = 1;

const ackWithoutFailover = (
  history: History,
  faultAt: number,
  gap: { readonly from: number; readonly to: number; readonly open: boolean } | null,
): number | null => {
  if (gap && gap.from <= faultAt + IMMEDIATE_SECONDS) return gap.open ? null : gap.to;
  return history.writes.find((w) => w.outcome === 'acked' && w.t > faultAt)?.t ?? null;
};

/** The stages as marked by whoever runs the drill; what isn't marked is derived from the other events, where they show it. */
export const stagesOf = (
  history: History,
  faultAt: number,
  longestGap: { readonly from: number; readonly to: number; readonly open: boolean } | null,
): Stages => {
  const since = (t: number | null): number | null => (t === null ? null : t - faultAt);
  const before = leaderAt(history, faultAt);
  const change = leaderChanges(history, faultAt, Infinity)[0];
  const released = before === null ? undefined : history.leaders.find((l) => l.t >= faultAt && l.member !== before)?.t;
  const lockTaken = firstMark(history, 'lockTaken') ?? change?.at ?? null;
  const newLeader = change?.to;
  const acked =
    newLeader === undefined
      ? undefined
      : history.writes.find((w) => w.outcome === 'acked' && w.t >= (lockTaken ?? faultAt) && (w.node ?? newLeader) === newLeader)?.t;
  return {
    faultAt: 0,
    detected: since(firstMark(history, 'detected') ?? released ?? null),
    lockTaken: since(lockTaken),
    promoted: since(firstMark(history, 'promoted') ?? (newLeader === undefined ? null : promotion(history, newLeader, lockTaken ?? faultAt))),
    routed: since(firstMark(history, 'routed')),
    firstAck: since(firstMark(history, 'firstAck') ?? acked ?? (newLeader === undefined ? ackWithoutFailover(history, faultAt, longestGap) : null)),
  };
};
