/** Sound histories, judged, after a fault was planted in them. */
import type { Expectation } from '../../../lib/drill/expectation';
import { historyOf, type HistoryEvent, type WriteEvent } from '../../../lib/drill/history';
import { judge, type Judgement } from '../../../lib/drill/judge';
import { CLIENTS, expectationOf, FAILOVER, NODES, soundEvents, type Plan } from './synthetic';

export const FAULT = 1010;
export const END = 1052;
export const [A, B, C] = CLIENTS;
export const [OLD, NEW] = NODES;

export const judged = (
  plan: Plan,
  expectation: Partial<Expectation> = {},
  change: (events: readonly HistoryEvent[]) => readonly HistoryEvent[] = (e) => e,
): Judgement => judge(historyOf(change(soundEvents(plan))), expectationOf(expectation));

export const failover: Plan = { seed: 7, failover: FAILOVER };
export const noFailover: Partial<Expectation> = { leaderChanges: { min: 0, max: 0 } };
export const notPassed = (j: Judgement): Record<string, string> =>
  Object.fromEntries(j.findings.filter((f) => f.verdict !== 'pass').map((f) => [f.check, f.verdict]));
export const detailOf = (j: Judgement, check: string): string => j.findings.find((f) => f.check === check)?.detail ?? '';
export const without = (drop: (e: HistoryEvent) => boolean) => (events: readonly HistoryEvent[]) => events.filter((e) => !drop(e));
export const withMore =
  (...more: readonly HistoryEvent[]) =>
  (events: readonly HistoryEvent[]) => [...events, ...more];
/** An older meter's write: nobody knows who acknowledged it. */
export const anonymous = ({ t, kind, client, id, start, outcome }: WriteEvent): WriteEvent => ({ t, kind, client, id, start, outcome });
export const isWrite = (e: HistoryEvent): e is WriteEvent => e.kind === 'write';
export const lastAckBefore = (events: readonly HistoryEvent[], client: string, t: number): WriteEvent => {
  const acked = events.filter(isWrite).filter((w) => w.client === client && w.outcome === 'acked' && w.t < t);
  return acked.reduce((a, b) => (b.t > a.t ? b : a));
};
export const dropRow = (client: string, id: number) => (events: readonly HistoryEvent[]) =>
  events.map((e) =>
    e.kind === 'rows' && e.client === client
      ? {
          ...e,
          present: e.present.flatMap(([from, to]) =>
            id < from || id > to ? [[from, to] as const] : [[from, id - 1] as const, [id + 1, to] as const].filter(([a, b]) => a <= b),
          ),
        }
      : e,
  );
