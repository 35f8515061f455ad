/** The drills of the region failover: nobody in them decides or promotes anything but the product itself. */
import { functionName, type FailoverHandler } from '../../lib/failover/names';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { AWAY_SECONDS } from '../../lib/topology/budget/constants-failover';
import type { AwsFault } from '../aws/faults';
import type { FunctionFault } from '../aws/functions';
import type { ProcedureContext } from '../drill/procedures';
import { askOutside } from '../edge/control';
import { edgeSettings, outsideOf } from '../edge/settings';
import { healEverything } from '../faults/heal';
import { isolateRegion } from '../hosts/wan';
import { now } from '../meter/clock';
import { silenceOf } from '../regions/drills';
import { runRegionDrill, type Told } from '../regions/outcome';
import { hideApis, loseRegion } from '../regions/power';
import { awaitServed, awaitWhole, mark, pause } from '../regions/stage';
import { acksBy, openFailoverStage, readLease, seenSince, type FailoverStage } from './stage';
import { splitOf, timelineOf } from './timeline';

/** Longer than any failover may take; what is judged is the budget. */
const PATIENCE_SECONDS = 180;
/** From a commit on the server to its client's clock. */
const ON_ITS_WAY_SECONDS = 0.5;

/** A region that hears again that it was replaced ends its primary. */
const DEMOTED_WITHIN_SECONDS = 5;

const run = (context: ProcedureContext, work: (stage: FailoverStage) => Promise<Told>): Promise<ProcedureOutcome> =>
  runRegionDrill(context, work, openFailoverStage);
const everybody = ({ clients }: FailoverStage): readonly string[] => [...clients.source, ...clients.target];
const control = (stage: FailoverStage, path: string, body: unknown): Promise<unknown> => askOutside(outsideOf(stage.context.lab).control, path, body);

/** Where the time went, and the last write that reached the old region. */
const told = async (stage: FailoverStage, faultAt: number): Promise<Pick<Told, 'stages'> & { readonly extra: Readonly<Record<string, unknown>> }> => {
  const timeline = timelineOf(await seenSince(stage, faultAt), faultAt, stage.context.lab.environment.name, edgeSettings(stage.target).entrance);
  const [old, fresh] = await Promise.all([acksBy(stage, stage.source), acksBy(stage, stage.target)]);
  const lastOld = old.filter((t) => timeline.switched === null || t < faultAt + timeline.switched).at(-1);
  const first = fresh.find((t) => t > faultAt);
  const firstAck = first === undefined ? null : first - faultAt;
  const { decided, leaseTaken, promoted, answered } = timeline;
  return {
    stages: { detected: decided, lockTaken: leaseTaken, promoted, routed: answered, firstAck },
    extra: { timeline, split: splitOf(timeline, firstAck), lastWriteAtOldRegion: lastOld === undefined ? null : lastOld - faultAt },
  };
};

/** The fault is over; nobody does anything else. */
const returned = async (stage: FailoverStage): Promise<{ readonly healedAt: number; readonly wholeAfterSeconds: number | null }> => {
  const healedAt = mark(stage, 'healedAt');
  for (const line of await healEverything(stage.context.lab)) stage.context.progress(line);
  const wholeAfterSeconds = await awaitWhole(stage, healedAt, stage.context.drill.healthyDeadlineSeconds);
  await awaitServed(stage, everybody(stage), now());
  await pause(stage, 2);
  return { healedAt, wholeAfterSeconds };
};

const takenOver = async (stage: FailoverStage, faultAt: number): Promise<Finding> => {
  const served = await awaitServed(stage, stage.outside, faultAt + 1, PATIENCE_SECONDS);
  const name = 'taken-over-by-itself';
  return served === null
    ? fail(name, `no client outside wrote in ${stage.target.region.name} within ${PATIENCE_SECONDS} s`)
    : pass(name, `clients outside write in ${stage.target.region.name}`);
};

const lost = async (stage: FailoverStage): Promise<Told> => {
  const faultAt = mark(stage, 'faultAt', 'region off');
  await loseRegion(stage.source);
  const taken = await takenOver(stage, faultAt);
  mark(stage, 'promoted');
  await pause(stage, 3);
  const { stages, extra } = await told(stage, faultAt);
  const { healedAt, wholeAfterSeconds } = await returned(stage);
  return {
    excluded: stage.clients.source.map((client) => ({ client, because: 'it is in the region that is off' })),
    promotions: { min: 1, max: 1 },
    wholeAfterSeconds,
    silences: silenceOf(stage, faultAt, healedAt + stage.context.drill.healthyDeadlineSeconds),
    ...(stages === undefined ? {} : { stages }),
    findings: [taken],
    extra,
  };
};

export const regionLost = (context: ProcedureContext): Promise<ProcedureOutcome> => run(context, lost);

const HANDLERS: readonly FailoverHandler[] = ['record', 'precheck', 'lease', 'fence', 'promote', 'repoint', 'verify', 'switch', 'notify'];
const MOMENTS: readonly FunctionFault['when'][] = ['before', 'during', 'after'];

/** Each seed another step and moment, so that a series of 27 has them all. */
export const interruptionOf = (seed: number): { readonly handler: FailoverHandler; readonly when: FunctionFault['when'] } => {
  const n = Math.abs(seed) % (HANDLERS.length * MOMENTS.length);
  return { handler: HANDLERS[n % HANDLERS.length] ?? 'record', when: MOMENTS[Math.floor(n / HANDLERS.length)] ?? 'before' };
};

export const interrupted = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  run(context, async (stage) => {
    const { handler, when } = interruptionOf(context.seed);
    const name = `${stage.target.region.name}/${functionName(context.lab.environment, handler)}`;
    context.progress(`${name} will die once, ${when}`);
    await control(stage, '/function-fault', { name: 'interrupted', function: name, when, afterMs: 150, times: 1 } satisfies FunctionFault);
    const outcome = await lost(stage);
    return { ...outcome, extra: { ...outcome.extra, interrupted: { handler, when } } };
  });

export const isolated = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  run(context, async (stage) => {
    const faultAt = mark(stage, 'faultAt', 'region isolated');
    await Promise.all([isolateRegion(stage.source, 'drop'), hideApis(stage.source)]);
    const taken = await takenOver(stage, faultAt);
    mark(stage, 'promoted');
    await pause(stage, 5);
    const { stages, extra } = await told(stage, faultAt);
    const last = (await acksBy(stage, stage.source)).filter((t) => t > faultAt).at(-1) ?? faultAt;
    const bound = stage.failover.lease.duration + ON_ITS_WAY_SECONDS;
    const detail = `the last acknowledgement inside came ${(last - faultAt).toFixed(2)} s after the cut; allowed: ${bound} s`;
    const { healedAt, wholeAfterSeconds } = await returned(stage);
    return {
      excluded: stage.clients.source.map((client) => ({ client, because: 'it is in the region that is cut off' })),
      promotions: { min: 1, max: 1 },
      wholeAfterSeconds,
      ...(stages === undefined ? {} : { stages }),
      findings: [taken, last - faultAt <= bound ? pass('no-commit-after-the-deadline', detail) : fail('no-commit-after-the-deadline', detail)],
      // The guard binds clients; the superuser is Patroni's own login, and what it could write nobody is told of.
      ignoredCommits: { region: stage.source, from: faultAt + bound, to: healedAt + DEMOTED_WITHIN_SECONDS },
      extra: { ...extra, lastAcknowledgedInside: last - faultAt },
    };
  });

/** Something outside is away; nobody may notice. */
const undisturbed = (context: ProcedureContext, name: string, seconds: number, inject: (stage: FailoverStage) => Promise<unknown>): Promise<ProcedureOutcome> =>
  run(context, async (stage) => {
    const before = await readLease(context.lab);
    mark(stage, 'faultAt', name);
    await inject(stage);
    await pause(stage, seconds);
    const { wholeAfterSeconds } = await returned(stage);
    const after = await readLease(context.lab);
    const kept = before !== null && after !== null && before.epoch === after.epoch && before.holder === after.holder;
    const detail = `epoch ${before?.epoch ?? 'none'} before, ${after?.epoch ?? 'none'} after`;
    return {
      excluded: [],
      promotions: { min: 0, max: 0 },
      wholeAfterSeconds,
      findings: [kept ? pass('lease-is-kept', detail) : fail('lease-is-kept', detail)],
      extra: { awaySeconds: seconds },
    };
  });

export const witnessLost = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  undisturbed(context, 'witness region lost', AWAY_SECONDS, async (stage) => {
    const { witness } = stage.failover;
    await control(stage, '/stop-schedules', [witness]);
    await control(stage, '/fault', { name: 'witness lost', regions: [witness], effect: { kind: 'lost', what: 'request', how: 'silence' } } satisfies AwsFault);
  });

export const leaseStoreLost = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  undisturbed(context, 'lease store silent', AWAY_SECONDS, (stage) =>
    control(stage, '/fault', {
      name: 'lease store lost',
      regions: stage.failover.leaseRegions,
      services: ['dynamodb'],
      effect: { kind: 'lost', what: 'request', how: 'silence' },
    } satisfies AwsFault),
  );
