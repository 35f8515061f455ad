/** Reports and timelines as drills would leave them, made from synthetic histories by the code under test. */
import { historyOf, type HistoryEvent } from '../../../lib/drill/history';
import type { Expectation } from '../../../lib/drill/expectation';
import { judge } from '../../../lib/drill/judge';
import { buildReport, buildRun, type DrillReport, type ReportBudget, type ReportRun } from '../../../lib/drill/report';
import { timelineOf, type RunTimeline } from '../../../lib/drill/timeline';
import { seeded } from './random';
import { CLIENTS, expectationOf, type FAILOVER, NODES, soundEvents, type Plan } from './synthetic';

export const BUDGET: ReportBudget = {
  lowerSeconds: 18.85,
  upperSeconds: 26.2,
  stages: [
    { name: 'lease expiry', lower: 18.7, upper: 21, source: 'postgres.patroni.ttl; etcd constant: leases are checked every 0.5 s' },
    { name: 'leader race', lower: 0.05, upper: 0.5, source: 'measured: members compare WAL positions, one takes the lock' },
    { name: 'promotion', lower: 0.1, upper: 0.7, source: 'measured: pg_promote until /primary answers 200' },
    { name: 'synchronous standby', lower: 0, upper: 1.5, source: 'postgres.patroni.loopWait' },
    { name: 'routing', lower: 0, upper: 1.1, source: 'follower.pollInterval' },
    { name: 'client retry', lower: 0, upper: 1.4, source: 'pooler.serverConnectTimeout, pooler.serverLoginRetry' },
  ],
};

const QUICK: ReportBudget = { lowerSeconds: 0.3, upperSeconds: 3.9, stages: [{ name: 'writes go on', lower: 0.3, upper: 3.9, source: 'measured' }] };

interface Made {
  readonly run: ReportRun;
  readonly timeline: RunTimeline;
}

export type Change = (events: readonly HistoryEvent[]) => readonly HistoryEvent[];

export const makeRun = (plan: Plan, expectation: Expectation, number: number, change: Change = (e) => e): Made => {
  const history = historyOf(change(soundEvents(plan)));
  const timeline = timelineOf(history, expectation);
  if (!timeline) throw new Error('the history has no window');
  const logs = [
    { name: 'history', path: `run-${number}/history.jsonl` },
    { name: 'patroni', path: `run-${number}/patroni.log` },
  ];
  return { run: buildRun({ seed: plan.seed, judgement: judge(history, expectation), expectation, timeline: `run-${number}.timeline.json`, logs }), timeline };
};

interface ReportAndTimelines {
  readonly report: DrillReport;
  readonly timelines: readonly RunTimeline[];
}

const reportOf = (
  drill: string,
  title: string,
  requirements: readonly string[],
  made: readonly Made[],
  budget: ReportBudget,
  rtoSeconds: number,
): ReportAndTimelines => ({
  report: buildReport({
    drill,
    title,
    requirements,
    environment: 'lab',
    mode: 'stock',
    startedAt: '2026-11-22T04:30:12.000Z',
    command: `holdfast drill run ${drill} --runs ${made.length} --seed 42 --json`,
    seed: 42,
    machine: { cores: 2, memoryGiB: 24, kernel: 'Linux 6.1.0-28-amd64' },
    versions: { patroni: '4.1.5', postgresql: '17.6', etcd: '3.5.16', pgbouncer: '1.24.1', kubernetes: '1.35.0' },
    configurationHash: `sha256:${'0123456789abcdef'.repeat(4)}`,
    objective: { rtoSeconds, rpoSeconds: 0 },
    budget,
    runs: made.map((m) => m.run),
  }),
  timelines: made.map((m) => m.timeline),
});

const [A, B] = CLIENTS;
const [OLD] = NODES;
const EXCLUDED = [{ client: A, because: 'it is on zone-a-0, the node that the fault strikes' }];

const varied = (seed: number): typeof FAILOVER => {
  const random = seeded(seed * 7919);
  const lease = random.between(17.9, 20.4);
  const at = (after: number, spread: number): number => lease + after + random.between(0, spread);
  return {
    lostAfter: 0.02,
    releasedAfter: lease,
    lockAfter: at(0.1, 0.2),
    promotedAfter: at(0.4, 0.2),
    servedAfter: at(0.8, 1),
    healedAfter: lease + 3,
    rejoinedAfter: lease + 12 + random.between(0, 4),
  };
};

/** `n` sound runs of primary-node-dies. */
export const nodeDies = (n: number): ReportAndTimelines => {
  const made = Array.from({ length: n }, (_, i) =>
    makeRun({ seed: 43 + i, failover: varied(43 + i), excluded: [A] }, expectationOf({ excluded: EXCLUDED }), i + 1),
  );
  return reportOf('primary-node-dies', "every process on the primary's node is killed, connections reset", ['CS-1', 'PW-2'], made, BUDGET, 30);
};

const late = (from: number, to: number): readonly HistoryEvent[] =>
  Array.from({ length: Math.floor((to - from) / 0.05) }, (_, i) => ({
    t: from + i * 0.05 + 0.003,
    kind: 'local-commit',
    node: OLD,
    start: from + i * 0.05,
    ok: true,
    inRecovery: false,
  }));

/** A run that lost two rows, and one in which the isolated primary took local commits for too long, among sound ones. */
export const partitioned = (): ReportAndTimelines => {
  const expectation = expectationOf({ excluded: EXCLUDED });
  const lose: Change = (events) =>
    events.map((e) =>
      e.kind === 'rows' && e.client === B
        ? { ...e, present: e.present.flatMap(([from, to]) => (from <= 480 && 482 <= to ? [[from, 480] as const, [483, to] as const] : [[from, to] as const])) }
        : e,
    );
  const made = [
    makeRun({ seed: 51, failover: varied(51), excluded: [A] }, expectation, 1, (e) => [...e, ...late(1010.05, 1018.4)]),
    makeRun({ seed: 52, failover: varied(52), excluded: [A] }, expectation, 2, lose),
    makeRun({ seed: 53, failover: varied(53), excluded: [A] }, expectation, 3, (e) => [...e, ...late(1010.05, 1036)]),
  ];
  return reportOf('primary-partitioned-drop', "the primary's node is cut off, packets dropped", ['CS-2'], made, BUDGET, 30);
};

/** Planned work, quick. */
export const switchover = (): ReportAndTimelines => {
  const made = Array.from({ length: 3 }, (_, i) => {
    const seconds = 1.2 + i * 0.4;
    const failover = {
      lostAfter: 0.1,
      releasedAfter: seconds - 0.6,
      lockAfter: seconds - 0.5,
      promotedAfter: seconds - 0.3,
      servedAfter: seconds,
      healedAfter: 0.3,
      rejoinedAfter: 4,
    };
    const whole: Change = (events) =>
      events
        .map((e) =>
          e.kind === 'write' && e.outcome === 'unknown'
            ? { ...e, outcome: 'acked' as const, node: NODES[1], t: 1010 + seconds + 0.05 + e.id / 1e6, start: e.start }
            : e,
        )
        .map((e) => (e.kind === 'rows' ? { ...e, present: [[1, 5000] as const] } : e));
    return makeRun(
      { seed: 61 + i, failover, end: 1025 },
      expectationOf({ planned: true, budgetUpperSeconds: 3.9, objective: { rtoSeconds: 10, rpoSeconds: 0 } }),
      i + 1,
      whole,
    );
  });
  return reportOf('switchover', 'the primary hands over by command', ['CS-1', 'CS-3'], made, QUICK, 10);
};

/** One run that can't be judged: a probe was down for a while. */
export const quorumLost = (): ReportAndTimelines => {
  const expectation = expectationOf({ leaderChanges: { min: 0, max: 0 }, objective: { rtoSeconds: 5, rpoSeconds: 0 }, budgetUpperSeconds: 3.9 });
  const made = [
    makeRun({ seed: 71, end: 1080 }, expectation, 1, (events) =>
      events.filter((e) => !(e.kind === 'local-commit' && e.node === OLD && e.t > 1030 && e.t < 1034)),
    ),
  ];
  return reportOf('etcd-quorum-lost', 'etcd loses its quorum for 60 s', ['CS-2'], made, QUICK, 5);
};
