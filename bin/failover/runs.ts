/** Runs of the workflows: started, followed, agreed to, given up. */
import { DescribeExecutionCommand, GetExecutionHistoryCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { createHash } from 'node:crypto';
import { signIdentity } from '../../lambdas/aws/sign-identity';
import { executionArn, startWorkflow, type Started } from '../../lambdas/aws/start-workflow';
import { stsEndpoint } from '../../lambdas/aws/sts-endpoint';
import type { Approval } from '../../lib/failover/approval';
import { approvalsId, ASKED_ID } from '../../lib/failover/approval-token';
import type { LeaseRecord } from '../../lib/failover/lease';
import { leaseExecution, type Direction } from '../../lib/failover/names';
import { EXIT, ExpectedError } from '../exit';
import type { World } from './world';

export interface Wanted {
  readonly direction: Direction;
  readonly target: string;
  readonly reason: string;
  readonly forceLoss: string | undefined;
  readonly dryRun: boolean;
}

/** From where the lease is moved: a run that was interrupted is taken up again. */
export const fromEpoch = (world: Pick<World, 'environment'>, record: LeaseRecord, { direction, target }: Pick<Wanted, 'direction' | 'target'>): number => {
  const { epoch, phase, execution, holder } = record;
  const isOurs = phase === 'moving' && holder === target && execution === leaseExecution(world.environment, epoch - 1, direction, target);
  return isOurs ? epoch - 1 : epoch;
};

/** @throws ExpectedError when no region has ever taken writes */
export const start = async (world: World, wanted: Wanted): Promise<Started> => {
  const record = await world.lease.read();
  if (record === null) throw new ExpectedError('there is no lease: no region has taken writes yet', EXIT.failed);
  const { direction, target, reason, forceLoss, dryRun } = wanted;
  return startWorkflow(world.machines(target), world.machineArn(target, direction), world.environment.name, {
    direction,
    target,
    fromEpoch: fromEpoch(world, record, wanted),
    renewals: record.renewals,
    person: world.person,
    because: reason,
    forceLoss: forceLoss === undefined ? null : { reason: forceLoss, by: world.person },
    dryRun,
  });
};

export interface Outcome {
  readonly status: string;
  readonly output: Readonly<Record<string, unknown>>;
  readonly error: string | undefined;
  readonly states: readonly string[];
}

const POLL = 1000;
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

const parsed = (text: string | undefined): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(text ?? '{}') as Readonly<Record<string, unknown>>;
  } catch {
    return {}; // a failed run has no output
  }
};

const statesOf = async (world: World, region: string, arn: string): Promise<readonly string[]> => {
  const { events = [] } = await world.machines(region).send(new GetExecutionHistoryCommand({ executionArn: arn, maxResults: 1000 }));
  return events.flatMap(({ stateEnteredEventDetails: entered }) => (entered?.name === undefined ? [] : [entered.name]));
};

/** Until the run has ended; each state is reported when it is entered. */
export const follow = async (world: World, region: string, arn: string, report: (state: string) => void): Promise<Outcome> => {
  let seen: readonly string[] = [];
  for (;;) {
    const { status = 'UNKNOWN', output, error, cause } = await world.machines(region).send(new DescribeExecutionCommand({ executionArn: arn }));
    const states = await statesOf(world, region, arn);
    states.slice(seen.length).forEach(report);
    seen = states;
    if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE')
      return { status, output: parsed(output), error: error === undefined ? undefined : `${error}: ${cause ?? ''}`, states };
    await pause(POLL);
  }
};

/** What waits for agreement, the newest last. */
export const asked = async ({
  items,
}: Pick<World, 'items'>): Promise<readonly { readonly attempt: string; readonly epoch: number; readonly text: string; readonly at: number }[]> => {
  const found = (await items.all(ASKED_ID)).flatMap(({ part, value }) => {
    const { epoch, text, at } = (value ?? {}) as { readonly epoch?: unknown; readonly text?: unknown; readonly at?: unknown };
    return typeof epoch === 'number' && typeof text === 'string' && typeof at === 'number' ? [{ attempt: part, epoch, text, at }] : [];
  });
  return found.sort((a, b) => a.at - b.at);
};

/** @param target the region whose STS will be shown the signature */
export const approve = async (
  world: World,
  target: string,
  question: { readonly attempt: string; readonly epoch: number },
  verdict: Approval['verdict'],
): Promise<void> => {
  const credentials = await defaultProvider()();
  const signer = { endpoint: stsEndpoint(target), region: target, claims: world.person, credentials };
  const signed = await signIdentity({ environment: world.environment.name, ...question }, verdict, signer);
  const part = createHash('sha256').update(signed.authorization).digest('hex');
  await world.items.add({ id: approvalsId(question.attempt), part, value: signed });
};

export interface GivenUp {
  readonly kind: 'undone' | 'too-late' | 'carried-out';
  readonly because: string;
}

/**
 * The lease is given back first: a run that goes on meanwhile is refused its next step, and undoes the rest itself. Stopped before that, it could leave the lease with
 * nobody. What the run did between the two is undone by the second call.
 */
export const giveUp = async (world: World, region: string, direction: Direction, attempt: string): Promise<GivenUp> => {
  const arn = executionArn(world.machineArn(region, direction), attempt);
  const { input, startDate, status } = await world.machines(region).send(new DescribeExecutionCommand({ executionArn: arn }));
  const task = { step: 'undo', attempt, startedAt: (startDate ?? new Date()).toISOString(), run: parsed(input) };
  const undo = async (): Promise<GivenUp> => (await world.ask(region, 'abort', task)) as GivenUp;
  const first = await undo();
  if (first.kind !== 'undone' || status !== 'RUNNING') return first;
  await world.machines(region).send(new StopExecutionCommand({ executionArn: arn, error: 'Aborted', cause: `given up by ${world.person}` }));
  return undo();
};
