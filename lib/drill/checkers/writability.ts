import { elementAt } from '../element';
import type { History, LocalCommitEvent, WriteEvent } from '../events';
import { leaderAt, leaderChanges, type LeaderChange } from './leadership';

/**
 * Two local commits of a node less than this apart are one stretch of writability. It must be longer than a slow sample, or a stretch falls apart; and shorter
 * than a failover and back, or two successive primaries look like two at once (stock Patroni needs more than 2 x loop_wait >= 2 s for that).
 */
export const WRITABLE_STRETCH_SECONDS = 1;

/** A node accepted commits all through `[from, to]`: it had committed before `from` and committed again after `to`. */
export interface WritableSpan {
  readonly node: string;
  readonly from: number;
  readonly to: number;
}

/** The moment in which most nodes accepted a commit. */
export interface WritableNodes {
  readonly nodes: readonly string[];
  readonly at: number;
}

const runsOf = (probes: readonly LocalCommitEvent[]): readonly (readonly LocalCommitEvent[])[] => {
  const runs: LocalCommitEvent[][] = [];
  let open: LocalCommitEvent[] | null = null;
  for (const probe of probes) {
    const last = open?.[open.length - 1];
    // A node that says it is in recovery was not writable; a probe that merely failed says nothing about that.
    if (probe.inRecovery || (last && probe.start - last.t >= WRITABLE_STRETCH_SECONDS)) open = null;
    if (!probe.ok || probe.inRecovery) continue;
    if (open) open.push(probe);
    else runs.push((open = [probe]));
  }
  return runs;
};

/** When each node certainly accepted local commits: from the end of the first to the start of the last one of a stretch. */
export const writableSpans = (history: History, nodes: readonly string[]): readonly WritableSpan[] =>
  nodes.flatMap((node) =>
    runsOf(history.localCommits.filter((c) => c.node === node)).flatMap((run) => {
      const [from, to] = [run[0]?.t ?? 0, run[run.length - 1]?.start ?? 0];
      return from <= to ? [{ node, from, to }] : [];
    }),
  );

/**
 * The largest number of nodes that accepted a commit at the same moment. That moment is a commit of one node, which lies somewhere in its `[start, t]`; another
 * node counts when it had committed before `start` and committed again after `t` in one stretch. So an orderly handover is never two, however slow the
 * sampling, and a single late commit of an old primary is, as soon as the new one commits around it. Null: no local commit was seen at all.
 */
export const writableAtOnce = (history: History, nodes: readonly string[]): WritableNodes | null => {
  const spans = writableSpans(history, nodes);
  let most: WritableNodes | null = null;
  for (const commit of history.localCommits) {
    if (!commit.ok || commit.inRecovery) continue;
    const others = spans.filter((s) => s.node !== commit.node && s.from <= commit.start && commit.t <= s.to).map((s) => s.node);
    const at = [commit.node, ...new Set(others)];
    if (most === null || at.length > most.nodes.length) most = { nodes: at.sort(), at: commit.t };
  }
  return most;
};

/** An acknowledgement of one node between two of another one that had not become leader anew in between. */
export interface DoubleAcknowledgement {
  readonly nodes: readonly [string, string];
  readonly at: number;
}

type Acked = WriteEvent & { readonly node: string };
const isAcked = (w: WriteEvent): w is Acked => w.outcome === 'acked' && w.node !== undefined;

/** The observer of the leader key may hear of a change a little later than the new leader's first client. */
const LEADER_NEWS_SECONDS = 1;
const becameLeader = (changes: readonly LeaderChange[], node: string, from: number, to: number): boolean =>
  changes.some((c) => c.to === node && c.at >= from && c.at <= to + LEADER_NEWS_SECONDS);

/** The number of `sorted` values below `limit`. */
const below = (sorted: readonly number[], limit: number): number => {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (elementAt(sorted, middle) < limit) from = middle + 1;
    else to = middle;
  }
  return from;
};

/**
 * Did two nodes acknowledge clients' (synchronous) writes at the same time? Every acknowledgement of one node that began after another node had acknowledged, and
 * ended before the other one began to acknowledge again, without having become leader anew.
 */
export const doubleAcknowledgements = (history: History): readonly DoubleAcknowledgement[] => {
  const acks = history.writes.filter(isAcked);
  const nodes = [...new Set(acks.map((a) => a.node))];
  if (nodes.length < 2) return [];
  const changes = leaderChanges(history, -Infinity, Infinity);
  return nodes.flatMap((node) => {
    const own = acks.filter((a) => a.node === node);
    const ends = own.map((a) => a.t);
    const starts = own.map((a) => a.start).sort((a, b) => a - b);
    return acks.flatMap((other) => {
      const [before, after] = [ends[below(ends, other.start) - 1], starts[below(starts, other.t)]];
      if (other.node === node || before === undefined || after === undefined || becameLeader(changes, node, before, after)) return [];
      return [{ nodes: [node, other.node] as const, at: other.t }];
    });
  });
};

/** How long after the old primary's last local commit the new primary acknowledged its first write. */
export interface HandoverMargin {
  readonly from: string;
  readonly to: string;
  /** Seconds; negative: local commits went on after the new primary's first acknowledgement. */
  readonly seconds: number;
  /** The last local commit may have happened at any time since it was started: with that reading, the margin is `atMostSeconds`. */
  readonly atMostSeconds: number;
}

/** For each leader change in `[from, to]` the margin; changes without a local commit before or an acknowledgement after are left out. */
export const handoverMargins = (history: History, from: number, to: number): readonly HandoverMargin[] => {
  const changes = leaderChanges(history, from, to);
  return changes.flatMap((change) => {
    const until = changes.find((c) => c.at > change.at && c.to === change.from)?.at ?? Infinity;
    const last = history.localCommits.findLast((c) => c.node === change.from && c.ok && !c.inRecovery && c.t < until);
    const first = history.writes.find((w) => isAcked(w) && w.node === change.to && w.t >= change.at - LEADER_NEWS_SECONDS && w.t > from);
    if (!last || !first) return [];
    return [{ from: change.from, to: change.to, seconds: first.t - last.t, atMostSeconds: first.t - last.start }];
  });
};

/** The share of acknowledged writes that say which node acknowledged them, 0..1; null: none was acknowledged. */
export const attributedShare = (history: History): number | null => {
  const acked = history.writes.filter((w) => w.outcome === 'acked');
  return acked.length === 0 ? null : acked.filter((w) => w.node !== undefined).length / acked.length;
};

/** The primary when the fault struck, as the leader key said. */
export const primaryAt = (history: History, t: number): string | null => leaderAt(history, t);
