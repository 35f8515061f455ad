import { longestGapOf, writableSpans, type Interval } from './checkers';
import type { History } from './events';
import { windowOf, type Expectation } from './expectation';
import { toMilliseconds } from './report-builder';
import { TIMELINE_SCHEMA, type ClientTimeline, type NodeState, type NodeTimeline, type RunTimeline } from './timeline-types';
export * from './timeline-types';
export { readTimeline, TimelineError } from './timeline-reader';

/** So much of the steady state is shown before the fault, seconds. */
const LEAD_IN_SECONDS = 5;
const BIN_SECONDS = 0.1;

interface Frame {
  readonly faultAt: number;
  readonly from: number;
  readonly to: number;
}

const histogram = (times: readonly number[], frame: Frame): readonly number[] => {
  const bins = new Array<number>(Math.ceil((frame.to - frame.from) / BIN_SECONDS)).fill(0);
  for (const t of times) {
    const bin = Math.floor((t - frame.from) / BIN_SECONDS);
    if (bin >= 0 && bin < bins.length) bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
};

/** Cut to the frame and relative to the fault; null: outside. */
const clip = (from: number, to: number, frame: Frame): Interval | null => {
  const [start, end] = [Math.max(from, frame.from), Math.min(to, frame.to)];
  return start < end ? [toMilliseconds(start - frame.faultAt), toMilliseconds(end - frame.faultAt)] : null;
};
const clipped = (intervals: readonly Interval[], frame: Frame): readonly Interval[] =>
  intervals.map(([from, to]) => clip(from, to, frame)).filter((i): i is Interval => i !== null);

const clientTimeline = (history: History, expectation: Expectation, frame: Frame, client: string): ClientTimeline => {
  const writes = history.writes.filter((w) => w.client === client);
  const gap = longestGapOf(history, { from: frame.faultAt, to: frame.to }, client);
  return {
    client,
    excluded: expectation.excluded.find((e) => e.client === client)?.because ?? null,
    acked: histogram(
      writes.filter((w) => w.outcome === 'acked').map((w) => w.t),
      frame,
    ),
    errors: histogram(
      writes.filter((w) => w.outcome !== 'acked').map((w) => w.t),
      frame,
    ),
    gap: { from: toMilliseconds(gap.from - frame.faultAt), to: toMilliseconds(gap.to - frame.faultAt), open: gap.open },
  };
};

/** From each event until the next one of the same series. */
const spansBetween = <E extends { readonly t: number }>(
  events: readonly E[],
  end: number,
): readonly { readonly event: E; readonly from: number; readonly to: number }[] =>
  events.map((event, i) => ({ event, from: event.t, to: events[i + 1]?.t ?? end }));

const sameState = (a: NodeState, b: NodeState): boolean => a.to === b.from && a.state === b.state && a.role === b.role && a.timeline === b.timeline;

const statesOf = (history: History, node: string, frame: Frame): readonly NodeState[] => {
  const spans = spansBetween(
    history.roles.filter((r) => r.member === node),
    frame.to,
  );
  return spans.reduce<NodeState[]>((states, { event, from, to }) => {
    const cut = clip(from, to, frame);
    if (!cut) return states;
    const next: NodeState = { from: cut[0], to: cut[1], state: event.state, role: event.role, timeline: event.timeline };
    const last = states[states.length - 1];
    if (last && sameState(last, next)) states[states.length - 1] = { ...last, to: next.to };
    else states.push(next);
    return states;
  }, []);
};

const join = (intervals: readonly Interval[]): readonly Interval[] =>
  intervals.reduce<Interval[]>((joined, [from, to]) => {
    const last = joined[joined.length - 1];
    if (last?.[1] === from) joined[joined.length - 1] = [last[0], to];
    else joined.push([from, to]);
    return joined;
  }, []);

const nodeTimeline = (history: History, frame: Frame, node: string): NodeTimeline => ({
  node,
  leads: join(
    clipped(
      spansBetween(history.leaders, frame.to)
        .filter((s) => s.event.member === node)
        .map((s) => [s.from, s.to] as const),
      frame,
    ),
  ),
  writable: clipped(
    writableSpans(history, [node]).map((s) => [s.from, s.to] as const),
    frame,
  ),
  states: statesOf(history, node, frame),
});

/** The timeline of a run; null when its fault was never injected or its end never reached: there is nothing to relate times to. */
export const timelineOf = (history: History, expectation: Expectation): RunTimeline | null => {
  const window = windowOf(history);
  if (typeof window === 'string') return null;
  const first = history.events[0]?.t ?? window.from;
  const frame: Frame = { faultAt: window.from, from: Math.max(first, window.from - LEAD_IN_SECONDS), to: window.to };
  return {
    schema: TIMELINE_SCHEMA,
    from: toMilliseconds(frame.from - frame.faultAt),
    to: toMilliseconds(frame.to - frame.faultAt),
    binSeconds: BIN_SECONDS,
    clients: expectation.clients.map((client) => clientTimeline(history, expectation, frame, client)),
    nodes: expectation.members.map((node) => nodeTimeline(history, frame, node)),
    marks: history.marks
      .filter((m) => m.t >= frame.from && m.t <= frame.to)
      .map((m) => ({ t: toMilliseconds(m.t - frame.faultAt), name: m.name, ...(m.detail === undefined ? {} : { detail: m.detail }) })),
  };
};
