import type { History } from '../events';

/** The leader key went from one member to another (possibly through nobody). */
export interface LeaderChange {
  /** When the new holder was first seen, seconds of the history's clock. */
  readonly at: number;
  readonly from: string;
  readonly to: string;
}

/** Who held the key at `t`, by the last event until then; nobody known before the first event. */
export const leaderAt = (history: History, t: number): string | null => history.leaders.findLast((l) => l.t <= t)?.member ?? null;

/** Changes of the holder seen in `[from, to]`. A key that is released and taken again by the same member is no change. */
export const leaderChanges = (history: History, from: number, to: number): readonly LeaderChange[] => {
  const changes: LeaderChange[] = [];
  let holder: string | null = null;
  for (const { t, member } of history.leaders) {
    if (member === null || member === holder) continue;
    if (holder !== null && t >= from && t <= to) changes.push({ at: t, from: holder, to: member });
    holder = member;
  }
  return changes;
};
