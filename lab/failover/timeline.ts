/** Where the time of a failover went, from what was seen outside. Pure. */

/** One run of a function, as the outside noted it. */
export interface SeenInvocation {
  /** Seconds since the epoch, of its end. */
  readonly t: number;
  readonly kind: 'invocation';
  readonly function: string;
  readonly failed: boolean;
  /** JSON text. */
  readonly result: string;
}
export interface SeenAnswer {
  readonly t: number;
  readonly kind: 'dns';
  readonly addresses: readonly string[];
}
export type Seen = SeenInvocation | SeenAnswer | { readonly t: number; readonly kind: string };

/** Seconds after the fault; null: not seen. */
export interface FailoverTimeline {
  /** The workflow began: the loss was decided. */
  readonly decided: number | null;
  readonly leaseTaken: number | null;
  readonly fenced: number | null;
  readonly promoted: number | null;
  readonly verified: number | null;
  readonly switched: number | null;
  /** The name servers answer with the other region. */
  readonly answered: number | null;
}

const isInvocation = (seen: Seen): seen is SeenInvocation => seen.kind === 'invocation';
const isAnswer = (seen: Seen): seen is SeenAnswer => seen.kind === 'dns';

/** @param entrance address of the region that takes over */
export const timelineOf = (seen: readonly Seen[], faultAt: number, environment: string, entrance: string): FailoverTimeline => {
  const after = (found: Seen | undefined): number | null => (found === undefined ? null : found.t - faultAt);
  const later = seen.filter(({ t }) => t > faultAt);
  const done = (handler: string, kind: string): number | null =>
    after(later.find((s) => isInvocation(s) && s.function === `holdfast-${environment}-${handler}` && !s.failed && s.result.includes(`"kind":"${kind}"`)));
  return {
    decided: done('record', 'told'),
    leaseTaken: done('lease', 'taken'),
    fenced: done('fence', 'fenced'),
    promoted: done('promote', 'promoted'),
    verified: done('verify', 'verified'),
    switched: done('switch', 'switched'),
    answered: after(later.find((s) => isAnswer(s) && s.addresses.includes(entrance))),
  };
};

/** The parts that the time until the last client's write is made of: each from the end of the one before. Null where an end was not seen. */
export const splitOf = (timeline: FailoverTimeline, lastClient: number | null): Readonly<Record<string, number | null>> => {
  const ends = { decide: timeline.decided, lease: timeline.leaseTaken, fence: timeline.fenced, promote: timeline.promoted };
  const rest = { verify: timeline.verified, switch: timeline.switched, healthChecks: timeline.answered, dnsDrain: lastClient };
  let before: number | null = 0;
  return Object.fromEntries(
    Object.entries({ ...ends, ...rest }).map(([name, end]) => {
      const seconds: number | null = before === null || end === null ? null : end - before;
      before = end;
      return [name, seconds];
    }),
  );
};
