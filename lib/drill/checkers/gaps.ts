import { elementAt } from '../element';
import type { History, WriteEvent } from '../events';
import type { Window } from '../expectation';
import { longest, lengthOf, overlaps, uncovered, type Interval } from './intervals';

/** The longest time that one client was without an acknowledged write. */
export interface WriteGap {
  readonly client: string;
  /** The acknowledgement before and the one after (or the end of the window), seconds of the history's clock. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** No acknowledgement came after it: the client was not served any more when the run ended. */
  readonly open: boolean;
  /** The longest time inside the gap in which the client itself tried nothing: so much of the gap may be the meter's fault. */
  readonly silentSeconds: number;
}

const attempt = (w: WriteEvent): Interval => [w.start, w.t];

/** Consecutive acknowledgements of one client, by the time of the acknowledgement, that overlap the window; the last one reaches to the window's end. */
const gapsOf = (acks: readonly number[], window: Window): readonly { readonly interval: Interval; readonly open: boolean }[] => {
  const before = acks.findLast((t) => t <= window.from) ?? window.from;
  const inside = acks.filter((t) => t > window.from);
  const points = [before, ...inside];
  const closed = points.slice(1).map((to, i) => ({ interval: [elementAt(points, i), to] as const, open: false }));
  const last = elementAt(points, points.length - 1);
  return last < window.to ? [...closed, { interval: [last, window.to] as const, open: true }] : closed;
};

type Gap = ReturnType<typeof gapsOf>[number];

const writeGap = (writes: readonly WriteEvent[], client: string, { interval, open }: Gap): WriteGap => {
  const silence = longest(uncovered(writes.map(attempt), interval));
  const [from, to] = interval;
  return { client, from, to, seconds: to - from, open, silentSeconds: silence ? lengthOf(silence) : 0 };
};

const ackTimes = (writes: readonly WriteEvent[]): readonly number[] => writes.filter((w) => w.outcome === 'acked').map((w) => w.t);

/** The longest gap of one client. Time is counted between acknowledgements, so a write that waits 20 s and succeeds is a gap of 20 s. */
export const longestGapOf = (history: History, window: Window, client: string): WriteGap => {
  const writes = history.writes.filter((w) => w.client === client);
  const none: Gap = { interval: [window.from, window.to], open: true };
  const gaps = gapsOf(ackTimes(writes), window).filter((g) => overlaps(g.interval, [window.from, window.to]));
  return writeGap(
    writes,
    client,
    gaps.reduce((a, b) => (lengthOf(b.interval) > lengthOf(a.interval) ? b : a), gaps[0] ?? none),
  );
};

/** Of each client the longest gap that overlaps the window, the longest first. */
export const longestGaps = (history: History, window: Window, clients: readonly string[]): readonly WriteGap[] =>
  clients.map((client) => longestGapOf(history, window, client)).sort((a, b) => b.seconds - a.seconds);

/** Of each client the gap that is still open at the window's end, be it ever so short and others longer. */
export const openGaps = (history: History, window: Window, clients: readonly string[]): readonly WriteGap[] =>
  clients.flatMap((client) => {
    const writes = history.writes.filter((w) => w.client === client);
    return gapsOf(ackTimes(writes), window)
      .filter((g) => g.open)
      .map((g) => writeGap(writes, client, g));
  });

/** Clients that had no acknowledged write since `steady` and before the fault: their gaps say nothing. */
export const neverServedBefore = (history: History, window: Window, clients: readonly string[]): readonly string[] =>
  clients.filter((client) => !history.writes.some((w) => w.client === client && w.outcome === 'acked' && w.t <= window.from));
