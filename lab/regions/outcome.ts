/** From what a drill of regions saw to what its report says. */
import type { HistoryEvent } from '../../lib/drill/events';
import { historyOf } from '../../lib/drill/events';
import { judgeRegions, reconciliationFinding, type Reconciled } from '../../lib/drill/judge-regions';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { postgresMemberNames } from '../../lib/topology/derive';
import { type Finding, unknown } from '../../lib/drill/verdict';
import { closeStage, collect, openStage, reachSteadyState, type RegionStage } from './stage';
import type { ProcedureContext } from '../drill/procedures';
import type { LabSettings } from '../settings';

/** What a drill tells of itself when it is over. */
export interface Told {
  /** What came before is not judged: it belongs to another drill. Seconds since the epoch. */
  readonly since?: number;
  /** Clients that nobody could serve, with the reason. */
  readonly excluded: readonly { readonly client: string; readonly because: string }[];
  readonly promotions: { readonly min: number; readonly max: number };
  readonly wholeAfterSeconds: number | null;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
  /** Seconds after the fault. */
  readonly stages?: ProcedureOutcome['stages'];
  /** Commits by the superuser in a fenced region: the fence is not for it. Seconds since the epoch. */
  readonly ignoredCommits?: { readonly region: LabSettings; readonly from: number; readonly to: number };
  /** Checks of the drill's own. */
  readonly findings?: readonly Finding[];
  /** In drills that may lose rows. */
  readonly reconciled?: Reconciled;
  /** A silence that the fault explains. */
  readonly silences?: readonly { readonly probe: string; readonly from: number; readonly to: number; readonly because: string }[];
}

/** A machine that runs two regions is busier than one that runs one: the probes may be a little slower, and still see any two primaries. */
const SAMPLING = { write: 1, localCommit: 0.9, localCommitMedian: 0.15 } as const;

/** Opens the stage, reaches the steady state, carries the drill out, heals, and judges. */
export const runRegionDrill = async <S extends RegionStage = RegionStage>(
  context: ProcedureContext,
  work: (stage: S) => Promise<Told>,
  open: (context: ProcedureContext) => Promise<S> = openStage as (context: ProcedureContext) => Promise<S>,
): Promise<ProcedureOutcome> => {
  const stage = await open(context);
  try {
    let told: Told;
    try {
      await reachSteadyState(stage);
      told = await work(stage);
      stage.events.push({ t: Date.now() / 1000, kind: 'mark', name: 'end' } satisfies HistoryEvent);
    } finally {
      await closeStage(stage);
    }
    return await judged(stage, told);
  } finally {
    stage.regions.close();
  }
};

/**
 * What the superuser commits in a region that is fenced is nobody's acknowledgement: the fence is for clients. It remains a look that was taken, so that a probe that is
 * silent meanwhile is still found.
 */
export const superuserCommit = (event: HistoryEvent, ignored: Told['ignoredCommits']): HistoryEvent => {
  if (ignored === undefined || event.kind !== 'local-commit' || event.t < ignored.from || event.t > ignored.to) return event;
  return postgresMemberNames(ignored.region.region).includes(event.node) ? { ...event, ok: false } : event;
};

const judged = async (stage: RegionStage, told: Told): Promise<ProcedureOutcome> => {
  const { context } = stage;
  const { since = 0 } = told;
  const history = historyOf((await collect(stage)).events.filter((event) => event.t >= since).map((event) => superuserCommit(event, told.ignoredCommits)));
  const { objective } = context.drill;
  const { measured, findings } = judgeRegions(history, {
    clients: [...stage.clients.source, ...stage.clients.target],
    excluded: told.excluded,
    members: [stage.source, stage.target].flatMap((r) => postgresMemberNames(r.region)),
    leaderChanges: told.promotions,
    planned: context.drill.planned,
    objective: { rtoSeconds: objective.rto, rpoSeconds: objective.rpo },
    budgetUpperSeconds: context.budgetUpperSeconds,
    healthyDeadlineSeconds: context.drill.healthyDeadlineSeconds,
    sampling: SAMPLING,
    expectedSilences: told.silences ?? [],
    wholeAfterSeconds: told.wholeAfterSeconds,
  });
  const faultAt = historyOf(stage.events).marks.find((m) => m.name === 'faultAt')?.t;
  const lists =
    told.reconciled === undefined
      ? []
      : [faultAt === undefined ? unknown('lost-rows-are-listed', 'no fault was injected') : reconciliationFinding(history, faultAt, told.reconciled)];
  const dead = stage.dead.length === 0 ? [] : [unknown('meters', `ended early: ${stage.dead.join(', ')}`)];
  return {
    measured,
    ...(told.stages === undefined ? {} : { stages: told.stages }),
    findings: [...findings, ...(told.findings ?? []), ...lists, ...dead],
    notes: told.notes ?? [],
    extra: { from: stage.source.region.name, to: stage.target.region.name, ...told.extra },
    logs: [{ name: 'history', path: `${context.directory.split('/').pop() ?? ''}/history.jsonl` }],
  };
};
