/** The drills of the region failover: nobody in them decides or promotes anything but the product itself. */
import { functionName, type FailoverHandler } from '../../lib/failover/names';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass } from '../../lib/drill/verdict';
import { AWAY_SECONDS } from '../../lib/topology/budget/constants-failover';
import type { AwsFault } from '../aws/faults';
import type { FunctionFault } from '../aws/functions';
import type { ProcedureContext } from '../drill/procedures';
import { isolateRegion } from '../hosts/wan';
import { reconcile, silenceOf } from '../regions/drills';
import type { Told } from '../regions/outcome';
import { hideApis, loseRegion } from '../regions/power';
import { mark, pause } from '../regions/stage';
import { control, firstWrite, returned, run, takenOver, told } from './course';
import { acksBy, readLease, type FailoverStage } from './stage';

/** From a commit on the server to its client's clock. */
const ON_ITS_WAY_SECONDS = 0.5;

/** A region that hears again that it was replaced ends its primary. */
const DEMOTED_WITHIN_SECONDS = 5;

const lost = async (stage: FailoverStage): Promise<Told> => {
  const faultAt = mark(stage, 'faultAt', 'region off');
  await loseRegion(stage.source);
  const taken = await takenOver(stage, faultAt);
  mark(stage, 'promoted');
  await pause(stage, 3);
  const course = await told(stage, faultAt);
  const { healedAt, wholeAfterSeconds } = await returned(stage);
  const { reconciled, files } = await reconcile(stage);
  return {
    excluded: stage.clients.source.map((client) => ({ client, because: 'it is in the region that is off' })),
    promotions: { min: 1, max: 1 },
    wholeAfterSeconds,
    silences: silenceOf(stage, faultAt, healedAt + stage.context.drill.healthyDeadlineSeconds),
    ...(course.stages === undefined ? {} : { stages: course.stages }),
    ...(reconciled === undefined ? {} : { reconciled }),
    findings: [taken, firstWrite(stage, course)],
    extra: { ...course.extra, reconciliation: files },
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
    const course = await told(stage, faultAt);
    const last = (await acksBy(stage, stage.source)).filter(({ t }) => t > faultAt).at(-1)?.t ?? faultAt;
    const bound = stage.failover.lease.duration + ON_ITS_WAY_SECONDS;
    const detail = `the last acknowledgement inside came ${(last - faultAt).toFixed(2)} s after the cut; allowed: ${bound} s`;
    const { healedAt, wholeAfterSeconds } = await returned(stage);
    const { reconciled, files } = await reconcile(stage);
    return {
      excluded: stage.clients.source.map((client) => ({ client, because: 'it is in the region that is cut off' })),
      promotions: { min: 1, max: 1 },
      wholeAfterSeconds,
      ...(course.stages === undefined ? {} : { stages: course.stages }),
      ...(reconciled === undefined ? {} : { reconciled }),
      findings: [
        taken,
        firstWrite(stage, course),
        last - faultAt <= bound ? pass('no-commit-after-the-deadline', detail) : fail('no-commit-after-the-deadline', detail),
      ],
      // The guard binds clients; the superuser is Patroni's own login, and what it could write nobody is told of.
      ignoredCommits: { region: stage.source, from: faultAt + bound, to: healedAt + DEMOTED_WITHIN_SECONDS },
      extra: { ...course.extra, lastAcknowledgedInside: last - faultAt, reconciliation: files },
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
