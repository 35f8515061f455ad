/** The drills in which people decide: two of them, each in his own name. */
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, unknown, type Finding } from '../../lib/drill/verdict';
import { functionName } from '../../lib/failover/names';
import { BEYOND_LAG_SECONDS, PEOPLE_SECONDS } from '../../lib/topology/budget/constants-failover';
import { failureOf } from '../backups/command';
import type { ProcedureContext } from '../drill/procedures';
import { until } from '../exec';
import { cutLink } from '../hosts/wan';
import { now } from '../meter/clock';
import { reconcile, silenceOf } from '../regions/drills';
import { loseRegion } from '../regions/power';
import { awaitServed, awaitWhole, mark, pause } from '../regions/stage';
import { everybody, PATIENCE_SECONDS, returned, run, takenOver, told } from './course';
import { arnOf, auditOf, PEOPLE, withAgreement, type Agreed } from './people';
import { readLease, seenSince, type FailoverStage } from './stage';
import type { SeenInvocation } from './timeline';

const commandFinding = ({ run: begun, approvals }: Agreed): Finding => {
  const failures = [begun, ...approvals].flatMap((command) => {
    const failure = failureOf(command);
    return failure === null ? [] : [`${command.args.join(' ')}: ${failure}`];
  });
  const name = 'commands';
  return failures.length === 0 ? pass(name, `${1 + approvals.length} commands ended well`) : fail(name, failures.join('; '));
};

/** Who agreed, as the record says: the two who were asked to, by what they have signed. */
const agreementFinding = async (stage: FailoverStage, attempt: string | undefined): Promise<Finding> => {
  const name = 'two-people-agreed';
  if (attempt === undefined) return unknown(name, 'no run was started');
  const entry = (await auditOf(stage, attempt)).find(({ step, what }) => step === 'approve' && what === 'agreed');
  const people = (entry?.detail['people'] ?? []) as readonly string[];
  const right = PEOPLE.every((person) => people.includes(arnOf(person))) && people.length === PEOPLE.length;
  return right ? pass(name, people.join(', ')) : fail(name, `the record says: ${people.join(', ') || 'nobody'}`);
};

export const failback = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  run(
    context,
    async (stage) => {
      const faultAt = mark(stage, 'faultAt', 'failback');
      const agreed = await withAgreement(stage, ['failback', stage.target.region.name], 0);
      mark(stage, 'promoted');
      const healedAt = mark(stage, 'healedAt');
      const wholeAfterSeconds = await awaitWhole(stage, healedAt, context.drill.healthyDeadlineSeconds);
      await awaitServed(stage, everybody(stage), now());
      await pause(stage, 2);
      const { stages, extra } = await told(stage, faultAt);
      return {
        excluded: [],
        promotions: { min: 1, max: 1 },
        wholeAfterSeconds,
        ...(stages === undefined ? {} : { stages }),
        findings: [commandFinding(agreed), await agreementFinding(stage, agreed.attempt)],
        extra: { ...extra, attempt: agreed.attempt ?? null, commandSeconds: agreed.run.endedAt - agreed.run.beganAt },
      };
    },
    { byPeople: true },
  );

const REASON = 'the drill: the region is lost, and so is what had not crossed the link';

/** The run that began by itself ended before it had changed anything. @returns why, as it says; null: not within the patience */
const refusal = async (stage: FailoverStage, faultAt: number): Promise<string | null> => {
  const name = functionName(stage.context.lab.environment, 'record');
  const seen = until('the refusal', PATIENCE_SECONDS, async () => {
    stage.context.signal.throwIfAborted();
    const runs = (await seenSince(stage, faultAt)).filter((s): s is SeenInvocation => s.kind === 'invocation');
    return runs.find((s) => s.function === name && s.result.includes('was refused'))?.result;
  });
  return seen.catch(() => null);
};

/** What the gate has let through is somebody's decision: who, why, and how much. */
const acceptanceFinding = async (stage: FailoverStage, attempt: string | undefined): Promise<Finding> => {
  const name = 'loss-is-accepted-by-name';
  if (attempt === undefined) return unknown(name, 'no run was started');
  const entry = (await auditOf(stage, attempt)).find(({ what }) => what.startsWith('a loss is accepted'));
  if (entry === undefined) return fail(name, `nothing is recorded of ${attempt}`);
  const { by, what, detail } = entry;
  const right = by === arnOf(PEOPLE[0]) && detail['reason'] === REASON && typeof detail['lagSeconds'] === 'number';
  return right ? pass(name, `${what}, by ${by}: ${REASON}`) : fail(name, `recorded: ${what}, by ${by}: ${JSON.stringify(detail)}`);
};

const gateFinding = async (stage: FailoverStage, epoch: number | undefined, because: string | null): Promise<Finding> => {
  const name = 'gate-holds';
  if (because === null) return fail(name, `no run was refused within ${PATIENCE_SECONDS} s`);
  const lease = await readLease(stage.context.lab);
  const kept = lease?.epoch === epoch && lease?.phase === 'held';
  return kept ? pass(name, `refused, in epoch ${epoch}: ${because}`) : fail(name, `refused, and yet the lease is ${lease?.phase} in epoch ${lease?.epoch}`);
};

/** For so long nothing crosses the link: the newest row that the target has is older than allowed. */
const heldBack = (stage: FailoverStage): number => stage.failover.maxLag + BEYOND_LAG_SECONDS;

export const lagGate = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  run(context, async (stage) => {
    const before = await readLease(context.lab);
    context.progress(`for ${heldBack(stage)} s nothing crosses the link between the regions`);
    await cutLink(context.lab, 'drop');
    await pause(stage, heldBack(stage));
    const faultAt = mark(stage, 'faultAt', 'region off, the other one far behind');
    await loseRegion(stage.source);
    const because = await refusal(stage, faultAt);
    const gate = await gateFinding(stage, before?.epoch, because);
    const agreed = await withAgreement(stage, ['failover', stage.target.region.name, '--force-loss', REASON], PEOPLE_SECONDS);
    const taken = await takenOver(stage, faultAt);
    mark(stage, 'promoted');
    await pause(stage, 3);
    const course = await told(stage, faultAt);
    const findings = [gate, commandFinding(agreed), taken, await agreementFinding(stage, agreed.attempt), await acceptanceFinding(stage, agreed.attempt)];
    const { healedAt, wholeAfterSeconds } = await returned(stage);
    const { reconciled, files } = await reconcile(stage);
    const cut = 'its writes are forwarded over the link that is cut';
    return {
      excluded: [
        ...stage.clients.source.map((client) => ({ client, because: 'it is in the region that is off' })),
        ...stage.clients.target.filter((client) => !stage.outside.includes(client)).map((client) => ({ client, because: cut })),
      ],
      promotions: { min: 1, max: 1 },
      wholeAfterSeconds,
      silences: silenceOf(stage, faultAt, healedAt + context.drill.healthyDeadlineSeconds),
      ...(course.stages === undefined ? {} : { stages: course.stages }),
      ...(reconciled === undefined ? {} : { reconciled }),
      findings,
      extra: { ...course.extra, heldBackSeconds: heldBack(stage), refusal: because, attempt: agreed.attempt ?? null, reconciliation: files },
    };
  });
