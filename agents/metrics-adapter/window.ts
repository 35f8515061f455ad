/** What each pod said last, and what follows for autoscalers. Unknown is not zero: a figure that is not known has no value. */
export interface Reading {
  /** All requests since the pod began; undefined: it does not say. */
  readonly requests: number | undefined;
  /** Length of the queue; undefined: it does not say. */
  readonly queue: number | undefined;
}

interface Point {
  /** Seconds. */
  readonly at: number;
  readonly requests: number;
}

/** One workload. */
export class Window {
  private points = new Map<string, readonly Point[]>();
  private queues = new Map<string, { readonly at: number; readonly value: number }>();
  private pods: readonly string[] = [];

  constructor(private readonly windowSeconds: number) {}

  /**
   * @param pods all pods that get requests, by a key that is never used again
   * @param readings of those that answered
   */
  add(at: number, pods: readonly string[], readings: ReadonlyMap<string, Reading>): void {
    this.pods = pods;
    this.points = new Map(pods.map((pod) => [pod, this.pointsOf(pod, at, readings.get(pod)?.requests)]));
    this.queues = new Map([...this.queues].filter(([pod, { at: then }]) => pods.includes(pod) && at - then <= this.windowSeconds));
    for (const [pod, { queue }] of readings) if (queue !== undefined) this.queues.set(pod, { at, value: queue });
  }

  /** A counter that fell has begun anew: what was before it says nothing. */
  private pointsOf(pod: string, at: number, requests: number | undefined): readonly Point[] {
    // One older than the window is kept: the rate is over at least the whole of it.
    const kept = (this.points.get(pod) ?? []).filter(
      (point, i, all) => at - point.at <= this.windowSeconds || at - (all[i + 1]?.at ?? -Infinity) < this.windowSeconds,
    );
    if (requests === undefined) return kept.filter((point) => at - point.at <= this.windowSeconds);
    const last = kept.at(-1);
    return [...(last !== undefined && requests < last.requests ? [] : kept), { at, requests }];
  }

  /** Of all pods together. Pods that are not known are taken for as busy as the others; undefined while less than half of them are known. */
  requestsPerSecond(): number | undefined {
    const rates = this.pods.flatMap((pod) => {
      const points = this.points.get(pod) ?? [];
      const [first, last] = [points[0], points.at(-1)];
      return first === undefined || last === undefined || last.at === first.at ? [] : [(last.requests - first.requests) / (last.at - first.at)];
    });
    if (rates.length === 0 || rates.length * 2 < this.pods.length) return undefined;
    return (rates.reduce((sum, rate) => sum + rate, 0) / rates.length) * this.pods.length;
  }

  /** Every pod tells the length of the same queue: the longest that was heard of counts. */
  queueDepth(): number | undefined {
    const values = [...this.queues.values()].map(({ value }) => value);
    return values.length === 0 ? undefined : Math.max(...values);
  }
}
