/** What the drills of the region failover have in common: what is waited for, and what is told afterwards. */
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { firstWriteSeconds } from '../../lib/topology/budget/failover';
import type { ProcedureContext } from '../drill/procedures';
import { askOutside } from '../edge/control';
import { edgeSettings, outsideOf } from '../edge/settings';
import { healEverything } from '../faults/heal';
import { now } from '../meter/clock';
import { runRegionDrill, type Told } from '../regions/outcome';
import { awaitServed, awaitWhole, mark, pause } from '../regions/stage';
import { acksBy, openFailoverStage, seenSince, type Acked, type FailoverStage, type StageOptions } from './stage';
import { splitOf, timelineOf } from './timeline';

/** Longer than any failover may take; what is judged is the budget. */
export const PATIENCE_SECONDS = 180;
export const run = (context: ProcedureContext, work: (stage: FailoverStage) => Promise<Told>, options: StageOptions = {}): Promise<ProcedureOutcome> =>
  runRegionDrill(context, work, (opened) => openFailoverStage(opened, options));
export const everybody = ({ clients }: FailoverStage): readonly string[] => [...clients.source, ...clients.target];
export const control = (stage: FailoverStage, path: string, body: unknown): Promise<unknown> => askOutside(outsideOf(stage.context.lab).control, path, body);

export interface Course extends Pick<Told, 'stages'> {
  /** Seconds after the fault; null: not seen. */
  readonly firstAck: number | null;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Seconds after the fault; null: none. */
const firstAckOf = (acks: readonly Acked[], faultAt: number, of?: string): number | null => {
  const first = acks.find(({ t, client }) => t > faultAt && (of === undefined || client === of));
  return first === undefined ? null : first.t - faultAt;
};

/** Where the time went, and the last write that reached the old region. */
export const told = async (stage: FailoverStage, faultAt: number): Promise<Course> => {
  const timeline = timelineOf(await seenSince(stage, faultAt), faultAt, stage.context.lab.environment.name, edgeSettings(stage.target).entrance);
  const [old, fresh] = await Promise.all([acksBy(stage, stage.source), acksBy(stage, stage.target)]);
  const lastOld = old.filter(({ t }) => timeline.switched === null || t < faultAt + timeline.switched).at(-1)?.t;
  const firstAck = firstAckOf(fresh, faultAt);
  const moved = stage.outside.map((client) => firstAckOf(fresh, faultAt, client));
  const lastClient = moved.reduce((last, t) => (last === null || t === null ? null : Math.max(last, t)), 0);
  const { decided, leaseTaken, promoted, answered } = timeline;
  return {
    firstAck,
    stages: { detected: decided, lockTaken: leaseTaken, promoted, routed: answered, firstAck },
    extra: {
      timeline,
      split: splitOf(timeline, lastClient),
      lastClientOutside: lastClient,
      lastWriteAtOldRegion: lastOld === undefined ? null : lastOld - faultAt,
    },
  };
};

/** The fault is over; nobody does anything else. */
export const returned = async (stage: FailoverStage): Promise<{ readonly healedAt: number; readonly wholeAfterSeconds: number | null }> => {
  const healedAt = mark(stage, 'healedAt');
  for (const line of await healEverything(stage.context.lab)) stage.context.progress(line);
  const wholeAfterSeconds = await awaitWhole(stage, healedAt, stage.context.drill.healthyDeadlineSeconds);
  await awaitServed(stage, everybody(stage), now());
  await pause(stage, 2);
  return { healedAt, wholeAfterSeconds };
};

export const takenOver = async (stage: FailoverStage, faultAt: number): Promise<Finding> => {
  const served = await awaitServed(stage, stage.outside, faultAt + 1, PATIENCE_SECONDS);
  const name = 'taken-over-by-itself';
  return served === null
    ? fail(name, `no client outside wrote in ${stage.target.region.name} within ${PATIENCE_SECONDS} s`)
    : pass(name, `clients outside write in ${stage.target.region.name}`);
};

/** The promise is about the last client outside, who waits for DNS; when the region itself takes writes has a bound of its own. */
export const firstWrite = ({ context }: FailoverStage, { firstAck }: Pick<Course, 'firstAck'>): Finding => {
  const name = 'first-write-in-the-other-region';
  const bound = firstWriteSeconds(context.lab.environment);
  if (firstAck === null) return fail(name, 'none was seen');
  const detail = `${firstAck.toFixed(1)} s after the fault; the configuration allows ${bound.toFixed(1)} s`;
  return firstAck <= bound ? pass(name, detail) : fail(name, detail);
};
